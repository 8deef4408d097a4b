"""What every `/v1` address does alike, and what every resource does alike. A resource itself is a declaration."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.core.signals import got_request_exception
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import translation
from psycopg.errors import ForeignKeyViolation
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from api import replies
from api.authentication import Caller, TokenAuthentication
from api.bodies import json_object
from api.fields import complaint, find, reference_to
from api.paging import Page, page_of
from api.schema import TEXT, WHOLE, ApiSchema, Description, object_schema
from api.serializers import PageQuery
from common.acting import acting_as
from common.deletion import delete_or_refuse
from common.refusals import InUse, NotFound, Refusal
from common.saving import save_row
from projects.models import Project, Tenanted
from projects.verification import UnknownKey

Row = TypeVar("Row", bound=Tenanted)

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000  # documented for blocked numbers only (100); real clients ask for 100 and 1000
LANGUAGE = "en"  # programs compare texts: they are the same whatever language a browser asks for

log = logging.getLogger(__name__)


class AlwaysJson(BaseContentNegotiation):
    """The answer is JSON, whatever is accepted and sent."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> tuple[Any, str]:
        return renderers[0], "application/json"


class ApiView(ViewSet):
    """An address under `/v1`: token, envelope, refusals, headers."""

    path: ClassVar[str]
    collection: ClassVar[Mapping[str, str]] = {}
    item: ClassVar[Mapping[str, str]] = {}
    id_key: ClassVar[str] = ""  # the key under which a reply names a row
    notes: ClassVar[str] = ""  # what the API description says about every call
    enveloped: ClassVar[bool] = True  # whether a success has `r` and a message
    taken_message: ClassVar[str] = ""  # for a row that is there already, when clients know certain words

    authentication_classes = (TokenAuthentication,)
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJson
    schema = ApiSchema()

    def describe(self, action: str) -> Description:
        """What the API description says about a call."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(LANGUAGE):
            return super().dispatch(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        if request.method != "OPTIONS":
            super().perform_authentication(request)
            self.check_caller()

    def check_caller(self) -> None:
        """Raises UnknownKey for keys that do not open this address: an account's key opens no project."""
        if self.caller.project is None:
            raise UnknownKey

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        return preflight()

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    @property
    def project(self) -> Project:
        return cast(Project, self.caller.project)

    def success(self, message: str, **more: Any) -> HttpResponse:
        return replies.success(message, self.caller.project.pk if self.caller.project else None, **more)

    def parse(self, parser: type[serializers.BaseSerializer[Any]], row: Any = None) -> dict[str, Any]:
        """The body as values for a row: all of them for a new row, those that were sent for an existing one."""
        return read(parser, json_object(self.request._request), self.caller.project, row)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Everything or nothing; the configuration history names the key."""
        with acting_as(f"API key {self.caller.sid}"), transaction.atomic():
            yield

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        caller = getattr(self.request, "_auth", None)  # asking `auth` itself would check the token again
        project_id = caller.project.pk if isinstance(caller, Caller) and caller.project else None
        refusal = _as_refusal(exc, deleting=self.request.method == "DELETE")
        if refusal:
            return replies.refused(refusal, project_id, id_key=self.id_key, taken_message=self.taken_message)
        if isinstance(exc, exceptions.MethodNotAllowed):
            reply = replies.failed(HTTPStatus.METHOD_NOT_ALLOWED, f"{self.request.method} is not possible here.")
            reply.headers["Allow"] = ", ".join(self.allowed_methods)
            return reply
        if isinstance(exc, UnreadablePostError):
            return replies.failed(HTTPStatus.BAD_REQUEST, "The body broke off.")
        got_request_exception.send(sender=type(self), request=self.request._request)
        log.exception("request failed", extra={"event": "api_error", "path": self.request.path})
        return replies.failed(HTTPStatus.INTERNAL_SERVER_ERROR, "An error on our side; it has been noted.")


def _as_refusal(exc: Exception, *, deleting: bool) -> Refusal | None:
    if isinstance(exc, Refusal):
        return exc
    if isinstance(exc, IntegrityError) and isinstance(exc.__cause__, ForeignKeyViolation):
        # Found at commit: someone deleted, or began to use, a row in the same moment.
        if deleting:
            return InUse("It cannot be deleted because it has just come into use.", [])
        return NotFound("A row that this refers to has just been deleted.")
    return None


def preflight() -> HttpResponse:
    """The answer to a browser that asks whether a page may call the API."""
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=replies.CORS_HEADERS)


def read(
    parser: type[serializers.BaseSerializer[Any]], data: Mapping[str, Any], project: Project | None, row: Any = None
) -> dict[str, Any]:
    """Values by the names that rows have for them. Raises InvalidInput, NotFound."""
    serializer = parser(row, data=dict(data), partial=row is not None, context={"project": project})
    if not serializer.is_valid():
        raise complaint(cast(Mapping[str, Any], serializer.errors))
    return dict(serializer.validated_data)


class Resource(ApiView, Generic[Row]):
    """Rows of a project: list, create, retrieve, update, delete. Subclasses declare what is special."""

    collection: ClassVar[Mapping[str, str]] = {"get": "list", "post": "create"}
    item: ClassVar[Mapping[str, str]] = {"get": "retrieve", "put": "update", "delete": "destroy"}

    noun: ClassVar[str]  # in texts: `Create <noun> success`
    create_message: ClassVar[str] = ""  # where clients know other words than these
    list_message: ClassVar[str]
    array_key: ClassVar[str]
    total_keys: ClassVar[tuple[str, ...]] = ("totalCount",)
    echoes_id_on_update: ClassVar[bool] = False
    lookup: ClassVar[str] = "public_id"  # what `{id}` in the address is compared with
    default_limit: ClassVar[int] = DEFAULT_LIMIT
    max_limit: ClassVar[int] = MAX_LIMIT

    model: type[Row]
    body: ClassVar[type[serializers.BaseSerializer[Any]]]
    query: ClassVar[type[PageQuery]] = PageQuery
    row: Callable[[Row, Project], Mapping[str, Any]]  # a row as the API shows it
    row_shape: ClassVar[type]  # the TypedDict that `row` returns
    save: Callable[[Row], None] = staticmethod(save_row)
    save_new: Callable[[Row], object] | None = None  # when creating is more than saving
    remove: Callable[[Row], None] = staticmethod(delete_or_refuse)

    created_keys: ClassVar[Mapping[str, Any]] = {}  # JSON schemas of what a reply to a create holds, beside the id
    updated_keys: ClassVar[Mapping[str, Any]] = {}
    deleted_keys: ClassVar[Mapping[str, Any]] = {}

    def rows(self) -> QuerySet[Row]:
        """The project's rows with everything that `row` reads."""
        return self.model._default_manager.filter(project=self.project)

    def list(self, request: Request) -> HttpResponse:
        return self.success(self.list_message, data=self.page_data(self.page()))

    def create(self, request: Request) -> HttpResponse:
        new = self.model(project=self.project, **self.parse(self.body))
        with self.changing():
            (self.save_new or self.save)(new)
        return self.success(self.create_message or f"Create {self.noun} success", **self.created(new))

    def retrieve(self, request: Request, id: str) -> HttpResponse:
        return self.success(f"Load {self.noun} success", data=self.shown(self.find(self.rows(), id)))

    def update(self, request: Request, id: str) -> HttpResponse:
        json_object(request._request)  # a body that cannot be read locks nothing
        with self.changing():
            row = self.locked(id)
            written = self.parse(self.body, row)
            for name, value in written.items():
                setattr(row, name, value)
            self.save_changed(row, written)
        return self.success(f"Update {self.noun} success", **self.updated(row))

    def destroy(self, request: Request, id: str) -> HttpResponse:
        with self.changing():
            self.remove(self.locked(id))
        return self.success(f"Delete {self.noun} success", **self.deleted())

    def save_changed(self, row: Row, written: Mapping[str, Any]) -> None:
        """Store a row after an update. `written`: what the program sent, by the names that rows have for it."""
        self.save(row)

    def find(self, rows: QuerySet[Row], id: str) -> Row:
        """The row that `{id}` in the address names. Raises NotFound."""
        return find(rows, self.noun, id, by=self.lookup)

    def locked(self, id: str) -> Row:
        """The row, for changing it. Locks: it, until the change is stored; rows may refer to it meanwhile."""
        row = self.find(self.model._default_manager.filter(project=self.project).select_for_update(no_key=True), id)
        row.project = self.project
        return row

    def page(self) -> Page[Row]:
        """The rows that the query asks for, in the order of their creation."""
        filters = read(self.query, {name: value for name, value in self.request.GET.items() if value}, self.project)
        number = filters.pop("page", 1)
        limit = min(filters.pop("limit", self.default_limit), self.max_limit)
        return page_of(self.rows().filter(**filters).order_by("pk"), number, limit)

    def page_data(self, page: Page[Row]) -> dict[str, Any]:
        totals = dict.fromkeys(self.total_keys, str(page.total))
        return {**totals, **page.describe(), self.array_key: [self.shown(row) for row in page.rows]}

    def shown(self, row: Row) -> Mapping[str, Any]:
        return type(self).row(row, self.project)

    def created(self, row: Row) -> dict[str, Any]:
        """What the reply to a create says about the new row."""
        return {self.id_key: row.public_id} if self.id_key else {}  # type: ignore[attr-defined]

    def updated(self, row: Row) -> dict[str, Any]:
        """What the reply to an update says about the row."""
        return Resource.created(self, row) if self.echoes_id_on_update else {}

    def deleted(self) -> dict[str, Any]:
        """What the reply to a delete says beside the message."""
        return {}

    def page_keys(self) -> dict[str, Any]:
        """JSON schemas of what `page_data` holds."""
        rows = {"type": "array", "items": reference_to(self.row_shape.__name__)}
        counts = {"totalPages": WHOLE, "currentPage": WHOLE, "limit": WHOLE}
        return {**dict.fromkeys(self.total_keys, TEXT), **counts, self.array_key: rows}

    def describe(self, action: str) -> Description:
        named = {self.id_key: TEXT} if self.id_key else {}
        shapes = (self.row_shape,)
        match action:
            case "list":
                data = object_schema(self.page_keys())
                return Description(f"List: {self.noun}", {"data": data}, query=self.query, shapes=shapes)
            case "create":
                return Description(f"Create: {self.noun}", {**named, **self.created_keys}, body=self.body())
            case "retrieve":
                return Description(f"Read: {self.noun}", {"data": reference_to(self.row_shape.__name__)}, shapes=shapes)
            case "update":
                keys = {**(named if self.echoes_id_on_update else {}), **self.updated_keys}
                return Description(f"Change: {self.noun}", keys, body=self.body(self.model(), partial=True))
            case _:
                return Description(f"Delete: {self.noun}", self.deleted_keys)
