"""Columns of agents, groups and SIP accounts in CSV and Excel files. Passwords are in none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from agents import services
from agents.models import Agent, Group, GroupMembership, RoutingType, SipAccount
from projects.console.resource import Column, ProjectResource, References, Switch, Text, TextOrNothing, Whole


class AgentResource(ProjectResource):
    model: ClassVar[type[Model]] = Agent
    key = "stringee_user_id"
    key_column = "stringee_user_id"
    phone_columns = ("phone_number",)

    stringee_user_id = Column("stringee_user_id")
    name = Column("name")
    manual_status = Column("manual_status", TextOrNothing())
    routing_type = Column("routing_type", Whole(RoutingType.choices), keeps=True)
    phone_number = Column("phone_number")
    allow_out_of_business_hour_callout = Column("allow_out_of_business_hour_callout", Switch(), keeps=True)
    groups = Column("member_of", References("agents.Group"))

    def check(self, row: Agent) -> None:
        if row.routing_type == RoutingType.PHONE and not row.phone_number:
            raise ValidationError({"phone_number": _("Write the phone number on which this agent takes calls.")})

    def load_links(self, rows: Sequence[Any]) -> None:
        groups: dict[int, set[int]] = defaultdict(set)
        for agent, group in GroupMembership.objects.filter(agent__in=rows).values_list("agent_id", "group_id"):
            groups[agent].add(group)
        for row in rows:
            row.member_of = row.stored_groups = frozenset(groups[row.pk])

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        super().after_init_instance(instance, new, row, **kwargs)
        if new:
            instance.member_of = instance.stored_groups = frozenset()

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if instance.member_of != instance.stored_groups:
            services.set_groups(instance, instance.member_of)


class GroupResource(ProjectResource):
    model: ClassVar[type[Model]] = Group
    key = "name"
    key_column = "name"

    name = Column("name")
    agents = Column("members", References("agents.Agent", "stringee_user_id"))

    def load_links(self, rows: Sequence[Any]) -> None:
        agents: dict[int, set[int]] = defaultdict(set)
        for group, agent in GroupMembership.objects.filter(group__in=rows).values_list("group_id", "agent_id"):
            agents[group].add(agent)
        for row in rows:
            row.members = row.stored_members = frozenset(agents[row.pk])

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        super().after_init_instance(instance, new, row, **kwargs)
        if new:
            instance.members = instance.stored_members = frozenset()

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if instance.members != instance.stored_members:
            services.set_members(instance, instance.members)


class SipAccountResource(ProjectResource):
    """For export only: an account without its password could not register."""

    model: ClassVar[type[Model]] = SipAccount
    key = "user_name"
    key_column = "user_name"

    user_name = Column("user_name")
    login = Column("login")
    extension = Column("extension", Text())
    stringee_user_id = Column("stringee_user_id")
