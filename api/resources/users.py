"""Users who are connected, the tokens by which their apps are woken, and agents' after-call work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypedDict

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from agents import devices
from agents.models import USER_ID_MAX_LENGTH, Agent
from agents.selectors import OnlineUser, users_online
from api import replies
from api.authentication import QUERY_PARAMETER
from api.fields import Choice, Text, find, reference_to
from api.schema import WHOLE, Description, object_schema
from api.serializers import PageQuery, Parsed
from api.views import ApiView, read
from callflow import requests
from callflow.services import ring_all
from common import clock

DEFAULT_LIMIT = MAX_LIMIT = 100
TOKEN_MAX_LENGTH = 4096  # providers promise no length; today's have some hundred characters
ONLINE: Final = ("onlineStatus", "online")
OF_AGENTS: Final = ("manual_status", "system_status")


class Attribute(TypedDict):
    attribute: str
    value: str


class UserRow(TypedDict):
    userId: str
    loginTime: int
    attributes: list[Attribute]


class UsersQuery(PageQuery):
    userId = Text(required=False, max_length=USER_ID_MAX_LENGTH)  # noqa: N815
    attribute = Text(required=False, max_length=64, help_text="Show only this attribute.")
    onlineStatus = Text(required=False, max_length=64)  # noqa: N815
    manual_status = Text(required=False, max_length=64)
    system_status = Text(required=False, max_length=64)


class Users(ApiView):
    """Everybody with a page, an app or a registered phone. Agents have `manual_status` and `system_status` beside."""

    path = "users"
    collection: ClassVar[Mapping[str, str]] = {"get": "online"}
    enveloped = False
    notes = "Any other parameter names an attribute too, one that nobody has; names that begin with _ are ignored."

    def describe(self, action: str) -> Description:
        users = {"type": "array", "items": reference_to(UserRow.__name__)}
        reply = object_schema({"count": WHOLE, "pageSize": WHOLE, "users": users})
        return Description("Users who are online", query=UsersQuery, whole_reply=reply, shapes=(Attribute, UserRow))

    def online(self, request: Request) -> HttpResponse:
        sent = {name: str(value) for name, value in request.GET.items() if value}
        wanted = read(UsersQuery, sent, self.project)
        limit = min(wanted.get("limit", DEFAULT_LIMIT), MAX_LIMIT)
        offset = (wanted.get("page", 1) - 1) * limit
        count, users = 0, list[OnlineUser]()
        if _somebody_can_match(sent):
            among = self._agents(wanted)
            count, users = users_online(self.project.pk, offset, limit, wanted.get("userId", ""), among)
        rows = _rows(users, self._agents_of(users), wanted.get("attribute", ""))
        return replies.json_reply({"count": count, "pageSize": limit, "users": rows})

    def _agents(self, wanted: Mapping[str, Any]) -> QuerySet[Agent] | None:
        """The agents that have the wanted attributes; None when no agent's attribute is wanted."""
        filters = {name: wanted[name] for name in OF_AGENTS if wanted.get(name)}
        if not filters:
            return None
        agents = Agent.objects.filter(project=self.project)
        if not filters.get("system_status", "0").isdecimal():
            return agents.none()
        return agents.filter(**filters)

    def _agents_of(self, users: list[OnlineUser]) -> dict[str, Agent]:
        agents = Agent.objects.filter(project=self.project, stringee_user_id__in=[user.user_id for user in users])
        return {agent.stringee_user_id: agent for agent in agents}


def _somebody_can_match(sent: Mapping[str, str]) -> bool:
    """Whether every parameter is one of ours, and everybody's onlineStatus fits."""
    known = {*UsersQuery().fields, QUERY_PARAMETER}
    others = [name for name in sent if name not in known and not name.startswith("_")]
    return not others and sent.get(ONLINE[0], ONLINE[1]) == ONLINE[1]


def _rows(users: list[OnlineUser], agents: Mapping[str, Agent], only: str) -> list[UserRow]:
    return [
        {
            "userId": user.user_id,
            "loginTime": clock.epoch_ms(user.since),
            "attributes": [each for each in _attributes(agents.get(user.user_id)) if only in ("", each["attribute"])],
        }
        for user in users
    ]


def _attributes(agent: Agent | None) -> list[Attribute]:
    shown = [ONLINE]
    if agent is not None:
        shown += [("manual_status", agent.manual_status or ""), ("system_status", str(agent.system_status))]
    return [{"attribute": name, "value": value} for name, value in shown]


# ── Push tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────
class PushTokenBody(Parsed):
    userId = Text(max_length=USER_ID_MAX_LENGTH)  # noqa: N815
    deviceToken = Text(max_length=TOKEN_MAX_LENGTH)  # noqa: N815


class PushTokenGone(Parsed):
    deviceToken = Text(max_length=TOKEN_MAX_LENGTH)  # noqa: N815


class PushTokens(ApiView):
    """Of our own: an app that can be woken makes its user reachable."""

    path = "pushtoken"
    collection: ClassVar[Mapping[str, str]] = {"post": "create", "delete": "forget"}

    def describe(self, action: str) -> Description:
        if action == "create":
            return Description("Push token: register", body=PushTokenBody())
        return Description("Push token: unregister", body=PushTokenGone())

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(PushTokenBody)
        rings = devices.register_push_token(self.project.pk, wanted["userId"], wanted["deviceToken"], clock.now())
        ring_all(rings)
        return self.success("Register push token success")

    def forget(self, request: Request) -> HttpResponse:
        """A token that is not there is gone as well."""
        ring_all(devices.unregister_push_token(self.project.pk, self.parse(PushTokenGone)["deviceToken"], clock.now()))
        return self.success("Unregister push token success")


# ── After-call work ──────────────────────────────────────────────────────────────────────────────────────────────────
class WrapUpBody(Parsed):
    action = Choice(choices=["end", "extend"])


class WrapUps(ApiView):
    """Of our own: end an agent's wrap-up early, or let it last twice as long, once."""

    path = "agent-wrapup"
    item: ClassVar[Mapping[str, str]] = {"post": "change"}

    def describe(self, action: str) -> Description:
        return Description("Agent: end or extend the wrap-up", body=WrapUpBody())

    def change(self, request: Request, id: str) -> HttpResponse:
        agent = find(Agent.objects.filter(project=self.project), "agent", id)
        if self.parse(WrapUpBody)["action"] == "end":
            requests.end_wrap_up(self.project.pk, agent.stringee_user_id, by=f"API key {self.caller.sid}")
        else:
            requests.extend_wrap_up(self.project.pk, agent.stringee_user_id)
        return self.success("Update wrap-up success")
