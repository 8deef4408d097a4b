"""The account's side of `/v1/number`: which numbers there are, and to which project each is attached."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import ClassVar, TypedDict

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from api.authentication import token_in
from api.bodies import json_object
from api.fields import UrlText, Whole, find
from api.paging import page_of
from api.resources.numbers import NumberBody
from api.serializers import PageQuery, Parsed
from api.shapes import Bit
from api.views import ApiView, read
from common.phone import InvalidPhoneNumber, digits_of, parts_of
from common.refusals import InvalidInput, NotFound, Refusal
from numbers_app import services
from numbers_app.models import Number
from projects.models import Project
from projects.verification import ACCOUNT_PREFIX, named_key

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
CONTACT_CENTER_HOST = "icc-api."
ACCOUNT_HOST = "api."


class InventoryRow(TypedDict):
    """What we have no business with, prices and carriers, is empty."""

    id: str
    account: int
    country_code: str
    phone_number_no_country_code: str
    phone_number: str
    callout_to_prefix: str
    voice_enabled: Bit
    sms_enabled: Bit
    sip_trunk: str
    project_id: int
    answer_url: str
    event_url: str
    monthly_price: str
    country_iso_code: str
    country_name: str
    telco_name: str
    project_name: str


def inventory_row(number: Number) -> InventoryRow:
    parts = parts_of(number.digits)
    return {
        "id": number.public_id,
        "account": number.project.account_id,
        "country_code": parts.country_code,
        "phone_number_no_country_code": parts.national,
        "phone_number": number.digits,
        "callout_to_prefix": "",
        "voice_enabled": 1,
        "sms_enabled": 0,
        "sip_trunk": "",
        "project_id": number.project_id,
        "answer_url": number.answer_url,
        "event_url": number.event_url,
        "monthly_price": "0",
        "country_iso_code": parts.region,
        "country_name": _country_names().get(parts.region, ""),
        "telco_name": "",
        "project_name": number.project.name,
    }


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    """English names by ISO letters, from the list that comes with the time zones."""
    lines = (files("tzdata.zoneinfo") / "iso3166.tab").read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if not line.startswith("#"))


class InventoryQuery(PageQuery):
    project_id = Whole(required=False, min_value=1)


class AttachBody(Parsed):
    project_id = Whole(required=False, min_value=1, help_text="Needed with an account's token.")
    answer_url = UrlText(required=False)
    event_url = UrlText(required=False)


class AccountNumbers(ApiView):
    """For an account's token: the numbers of all its projects. For a project's token: its own."""

    path = "number"
    collection: ClassVar[Mapping[str, str]] = {"get": "list"}
    item: ClassVar[Mapping[str, str]] = {"get": "retrieve", "put": "attach", "post": "attach_or_add"}
    id_key = "numberID"
    taken_message = "Number existed"

    def check_caller(self) -> None:
        """Account and project keys are both welcome."""

    def projects(self) -> QuerySet[Project]:
        projects = Project.objects.filter(account=self.caller.account)
        return projects.filter(pk=self.caller.project.pk) if self.caller.project else projects

    def rows(self) -> QuerySet[Number]:
        return Number.objects.filter(project__in=self.projects()).select_related("project")

    def list(self, request: Request) -> HttpResponse:
        filters = read(InventoryQuery, {name: value for name, value in request.GET.items() if value}, None)
        number, limit = filters.pop("page", 1), min(filters.pop("limit", DEFAULT_LIMIT), MAX_LIMIT)
        page = page_of(self.rows().filter(**filters).order_by("pk"), number, limit)
        data = {
            "numbers": [inventory_row(row) for row in page.rows],
            "totalPages": page.pages,
            "totalCount": str(page.total),
            "activePage": page.number,
            "limit": page.limit,
        }
        return self.success("Load number success", account_sid=self.caller.account.sid, data=data)

    def retrieve(self, request: Request, id: str) -> HttpResponse:
        row = inventory_row(self.found(id))
        return self.success("Load number success", account_sid=self.caller.account.sid, data=row)

    def attach(self, request: Request, id: str) -> HttpResponse:
        project, urls = self.wanted()
        with self.changing():
            number = self.found(id, lock=True)
            services.attach_number(number, project, **urls)
        return self.success("Update number success", numberID=number.public_id)

    def attach_or_add(self, request: Request, id: str) -> HttpResponse:
        """Numbers are not sold here: one that nobody has yet comes into being when it is attached."""
        project, urls = self.wanted()
        with self.changing():
            try:
                number = self.found(id, lock=True)
            except NotFound:
                number = Number(project=project, number=_checked_spelling(id))
            services.attach_number(number, project, **urls)
        return self.success("Update number success", numberID=number.public_id)

    def wanted(self) -> tuple[Project, dict[str, str]]:
        """The project to attach to and the URLs to set."""
        urls = self.parse(AttachBody)
        project_id = urls.pop("project_id", None) or (self.caller.project and self.caller.project.pk)
        if project_id is None:
            raise InvalidInput("project_id is required.")
        return find(self.projects(), "project", str(project_id), by="pk"), urls

    def found(self, id: str, *, lock: bool = False) -> Number:
        """By id or by telephone number. Raises NotFound."""
        rows = self.rows().select_for_update(no_key=True, of=("self",)) if lock else self.rows()
        try:
            return find(rows, "number", id)
        except NotFound:
            return self._by_digits(rows, id)

    def _by_digits(self, rows: QuerySet[Number], text: str) -> Number:
        try:
            digits = digits_of(text, self.caller.project.country if self.caller.project else "")
        except InvalidPhoneNumber as error:
            raise NotFound(f"There is no number {text[:64]}.") from error
        # Two projects of an account may have the same number; the older row is the one that is meant.
        number = rows.filter(digits=digits).order_by("pk").first()
        if number is None:
            raise NotFound(f"There is no number {text[:64]}.")
        return number


def _checked_spelling(text: str) -> str:
    longest = Number._meta.get_field("number").max_length or 0
    if len(text) > longest:
        raise InvalidInput(f"number must have at most {longest} characters.")
    return text


def is_for_account(request: HttpRequest) -> bool:
    """Whether a request to `/v1/number` means the account's numbers rather than the contact center's.

    By host name where the two are told apart by it; otherwise by the kind of token, and, as some programs attach
    numbers with a project's token, by what the body speaks of.
    """
    host = request.headers.get("Host", "").lower()
    if host.startswith((CONTACT_CENTER_HOST, ACCOUNT_HOST)):
        return host.startswith(ACCOUNT_HOST)
    if named_key(token_in(request)).startswith(ACCOUNT_PREFIX):
        return True
    return request.method in ("POST", "PUT") and _speaks_of_attaching(request)


def _speaks_of_attaching(request: HttpRequest) -> bool:
    try:
        keys = json_object(request).keys()
    except Refusal:
        return False
    return not keys.isdisjoint(AttachBody().fields) and keys.isdisjoint(NumberBody().fields)
