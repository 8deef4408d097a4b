"""SIP accounts: one store behind two addresses of different age.

A phone registers as `<project id>_<user name>`. Programs may name an account by either spelling, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django.db.models import QuerySet

from agents import services
from agents.models import MAX_EXTENSION, SipAccount
from api.fields import Text, Whole, project_of, reference_to
from api.paging import Page
from api.schema import TEXT, WHOLE
from api.serializers import PageQuery, RowBody
from api.views import MAX_LIMIT, Resource
from projects.models import Project

PASSWORD_MAX_LENGTH = 128
BLANKED = ""  # the platform that we are compatible with returns passwords; we do not


class IpphoneRow(TypedDict):
    username: str
    user_name: str
    project: int
    password: str
    stringee_user_id: str
    extension: str | None


def ipphone_row(account: SipAccount, project: Project) -> IpphoneRow:
    return {
        "username": account.user_name,
        "user_name": account.user_name,
        "project": account.project_id,
        "password": BLANKED,
        "stringee_user_id": account.stringee_user_id,
        "extension": _extension(account),
    }


class SipphoneRow(TypedDict):
    username: str
    extension: str | None
    email_address: str | None


def sipphone_row(account: SipAccount, project: Project) -> SipphoneRow:
    return {"username": account.login, "extension": _extension(account), "email_address": None}


def _extension(account: SipAccount) -> str | None:
    return None if account.extension is None else str(account.extension)


def local_name(spelling: str, project: Project) -> str:
    """The user name without the project's prefix."""
    return spelling.removeprefix(f"{project.pk}_")


class UserNameText(Text):
    """A SIP user name in either spelling."""

    def to_internal_value(self, data: Any) -> str:
        return local_name(super().to_internal_value(data), project_of(self))


class UserNameFilter(UserNameText):
    """The SIP user name to look for."""

    names_row = True


USER_NAME = SipAccount._meta.get_field("user_name")
EXTENSION_RANGE = {"min_value": 1, "max_value": MAX_EXTENSION}


class SipBody(RowBody):
    """Clients call the user name `user_name`, `username` or `sipusername`; `name_key` is the documented one."""

    name_key: ClassVar[str]

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        names = [data[key] for key in ("user_name", "username", "sipusername") if data.get(key)]
        read: dict[str, Any] = super().to_internal_value({**data, self.name_key: names[0]} if names else data)
        return read


class IpphoneBody(SipBody):
    name_key = "user_name"
    user_name = UserNameText(max_length=USER_NAME.max_length, validators=USER_NAME.validators)

    class Meta:
        model = SipAccount
        fields: ClassVar = ["user_name", "password", "extension", "stringee_user_id"]
        extra_kwargs: ClassVar = {
            "password": {"max_length": PASSWORD_MAX_LENGTH},
            "extension": {"required": True, **EXTENSION_RANGE},
        }
        fixed = ("user_name",)


class SipphoneBody(SipBody):
    """The older address needs no extension; unless it is sent, the user ID is the user name."""

    name_key = "username"
    username = UserNameText(source="user_name", max_length=USER_NAME.max_length, validators=USER_NAME.validators)

    class Meta:
        model = SipAccount
        fields: ClassVar = ["username", "password", "extension", "stringee_user_id"]
        extra_kwargs: ClassVar = {"password": {"max_length": PASSWORD_MAX_LENGTH}, "extension": EXTENSION_RANGE}
        fixed = ("username",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if self.instance is None:
            attrs.setdefault("stringee_user_id", attrs["user_name"])
        return attrs


class SipQuery(PageQuery):
    username = UserNameFilter(source="user_name", required=False)
    stringee_user_id = Text(required=False)
    extension = Whole(required=False, min_value=1, max_value=MAX_EXTENSION)


class SipStore(Resource[SipAccount]):
    """What both addresses have in common."""

    noun = "SIP account"
    lookup = "user_name"
    model = SipAccount
    query = SipQuery
    save = staticmethod(services.save_sip_account)

    def find(self, rows: QuerySet[SipAccount], id: str) -> SipAccount:
        return super().find(rows, local_name(id, self.project))


class IpphoneResource(SipStore):
    path = "ipphonecommon"
    list_message = "Load SIP account(s) success"
    array_key = "rows"
    body = IpphoneBody
    row = staticmethod(ipphone_row)
    row_shape = IpphoneRow
    created_keys: ClassVar = {"res_create_subscriber": WHOLE}
    updated_keys: ClassVar = {"res_update_subscriber": WHOLE}
    deleted_keys: ClassVar = {"res_delete_subscriber": WHOLE}

    def page_data(self, page: Page[SipAccount]) -> dict[str, Any]:
        """Of all lists this one has its total as a number (Source: rest-api.md §15)."""
        return {**super().page_data(page), "totalCount": page.total}

    def page_keys(self) -> dict[str, Any]:
        return {**super().page_keys(), "totalCount": WHOLE}

    def created(self, row: SipAccount) -> dict[str, Any]:
        return {"res_create_subscriber": 1}

    def updated(self, row: SipAccount) -> dict[str, Any]:
        return {"res_update_subscriber": 1}

    def deleted(self) -> dict[str, Any]:
        return {"res_delete_subscriber": 1}


class SipphoneResource(SipStore):
    path = "sipphone"
    create_message = "Success"
    list_message = "Success"
    array_key = "sipphones"
    default_limit = MAX_LIMIT  # its list has no pages: clients expect all of it
    body = SipphoneBody
    row = staticmethod(sipphone_row)
    row_shape = SipphoneRow
    created_keys: ClassVar = {"sipusername": TEXT}

    def page_data(self, page: Page[SipAccount]) -> dict[str, Any]:
        return {"sipphones": [self.shown(row) for row in page.rows], "total": str(page.total)}

    def page_keys(self) -> dict[str, Any]:
        return {"sipphones": {"type": "array", "items": reference_to(SipphoneRow.__name__)}, "total": TEXT}

    def created(self, row: SipAccount) -> dict[str, Any]:
        return {"sipusername": row.login}
