"""Reads of agents and groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import CharField, Exists, F, Func, Min, OuterRef, QuerySet, Subquery, Value

from agents.domain import Reach
from agents.models import Agent, Device, DeviceKind, GroupMembership, SipAccount
from calls.models import Call


def with_sip(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Agents with `has_sip`: whether a SIP account rings for them."""
    accounts = SipAccount.objects.filter(project=OuterRef("project"), stringee_user_id=OuterRef("stringee_user_id"))
    return agents.annotate(has_sip=Exists(accounts))


def with_call(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Agents with `call_pk` and `customer_number` of the call that occupies them; None when there is none."""
    calls = Call.objects.filter(project=OuterRef("project"), call_id=OuterRef("call_ref"))
    return agents.annotate(
        call_pk=Subquery(calls.values("pk")), customer_number=Subquery(calls.values("customer_number"))
    )


def with_agent(accounts: QuerySet[SipAccount]) -> QuerySet[SipAccount]:
    """SIP accounts with `agent_id` and `agent_name` of the agent for whom they ring; None when there is none."""
    agents = Agent.objects.filter(project=OuterRef("project"), stringee_user_id=OuterRef("stringee_user_id"))
    return accounts.annotate(agent_id=Subquery(agents.values("pk")), agent_name=Subquery(agents.values("name")))


def with_phone_digits(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Agents with `phone_digits`: the digits of their phone number, as it was written."""
    digits = Func(F("phone_number"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    digits.output_field = CharField()
    return agents.annotate(phone_digits=digits)


def anybody_signed_in(group_ids: Collection[int]) -> bool:
    """Whether somebody of these groups can be reached at all, whatever he does now and whatever status he chose."""
    return GroupMembership.objects.filter(group__in=group_ids, reach__gt=Reach.NONE).exists()


@dataclass(frozen=True, slots=True)
class OnlineUser:
    """A user who is connected: by a page, an app or a registered phone. A push token alone is no connection."""

    user_id: str
    since: dt.datetime


def users_online(
    project_id: int, offset: int, limit: int, user_id: str = "", among: QuerySet[Agent] | None = None
) -> tuple[int, list[OnlineUser]]:
    """A page of the project's connected users, agents or not, by user id; and how many there are.

    `user_id` asks for one of them, `among` for those who are these agents.
    """
    devices = Device.objects.filter(project_id=project_id).exclude(kind=DeviceKind.PUSH)
    if user_id:
        devices = devices.filter(user_id=user_id)
    if among is not None:
        devices = devices.filter(user_id__in=among.values("stringee_user_id"))
    users = devices.values("user_id").annotate(since=Min("connected_at")).order_by("user_id")
    page = users[offset : offset + limit]
    return users.count(), [OnlineUser(user["user_id"], user["since"]) for user in page]
