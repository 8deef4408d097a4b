"""Reads of agents and groups."""

from __future__ import annotations

from django.db.models import CharField, Exists, F, Func, OuterRef, QuerySet, Subquery, Value

from agents.models import Agent, SipAccount


def with_sip(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Agents with `has_sip`: whether a SIP account rings for them."""
    accounts = SipAccount.objects.filter(project=OuterRef("project"), stringee_user_id=OuterRef("stringee_user_id"))
    return agents.annotate(has_sip=Exists(accounts))


def with_agent(accounts: QuerySet[SipAccount]) -> QuerySet[SipAccount]:
    """SIP accounts with `agent_id` and `agent_name` of the agent for whom they ring; None when there is none."""
    agents = Agent.objects.filter(project=OuterRef("project"), stringee_user_id=OuterRef("stringee_user_id"))
    return accounts.annotate(agent_id=Subquery(agents.values("pk")), agent_name=Subquery(agents.values("name")))


def with_phone_digits(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Agents with `phone_digits`: the digits of their phone number, as it was written."""
    digits = Func(F("phone_number"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    digits.output_field = CharField()
    return agents.annotate(phone_digits=digits)
