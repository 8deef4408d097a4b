"""Agents, groups, and who works in which group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, TypedDict

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from rest_framework.request import Request

from agents import services
from agents.domain import AVAILABLE
from agents.models import Agent, Group, GroupMembership, RoutingType
from api.fields import Choice, IdText, PhoneText, Reference, Text
from api.schema import TEXT, Description
from api.serializers import PageQuery, Parsed, RowBody
from api.shapes import Bit, Identified, Owned, bit, identified, owned
from api.views import Resource
from common.clock import epoch_ms
from common.refusals import NotFound
from projects.models import Project
from routing.services import delete_group


class AgentGroup(TypedDict):
    group_id: str


class AgentRow(Identified):
    name: str
    stringee_user_id: str
    manual_status: str | None
    system_status: int
    webhook_status: int
    device_status: int
    online_status: int
    last_time_pickup: int
    last_time_support_call_ended: int
    routing_type: int
    phone_number: str | None
    allow_out_of_business_hour_callout: Bit
    groups: list[AgentGroup]


def agent_row(agent: Agent, project: Project) -> AgentRow:
    """Reads `group_ids`, which AgentResource.rows adds."""
    group_ids: list[str] = agent.group_ids  # type: ignore[attr-defined]
    return {
        **identified(agent, project),
        "name": agent.name,
        "stringee_user_id": agent.stringee_user_id,
        "manual_status": agent.manual_status,
        "system_status": agent.system_status,
        "webhook_status": agent.webhook_status,
        "device_status": agent.device_status,
        "online_status": agent.online_status,
        "last_time_pickup": epoch_ms(agent.last_time_pickup),
        "last_time_support_call_ended": epoch_ms(agent.last_time_support_call_ended),
        "routing_type": agent.routing_type,
        "phone_number": agent.phone_number or None,
        "allow_out_of_business_hour_callout": bit(agent.allow_out_of_business_hour_callout),
        "groups": [{"group_id": group_id} for group_id in group_ids],
    }


class AgentBody(RowBody):
    phone_number = PhoneText(required=False, max_length=32, help_text="Needed for routing_type 2.")

    class Meta:
        model = Agent
        fields: ClassVar = [
            "name",
            "stringee_user_id",
            "manual_status",
            "routing_type",
            "phone_number",
            "allow_out_of_business_hour_callout",
            "system_status",
            "webhook_status",
        ]
        update_only = ("system_status", "webhook_status")
        required_when = (("phone_number", "routing_type", RoutingType.PHONE),)


class AgentQuery(PageQuery):
    id = IdText(source="public_id", required=False)
    stringee_user_id = Text(required=False)
    manual_status = Text(required=False)
    routing_type = Choice(choices=RoutingType.choices, required=False)


class AgentResource(Resource[Agent]):
    path = "agent"
    noun = "agent"
    id_key = "agentID"
    list_message = "Load agent(s) success"
    array_key = "agents"
    total_keys = ("totalAgents", "totalCount")
    model = Agent
    body = AgentBody
    query = AgentQuery
    row = staticmethod(agent_row)
    row_shape = AgentRow
    save = staticmethod(services.save_agent_of_program)
    remove = staticmethod(services.delete_agent)

    def save_changed(self, row: Agent, written: Mapping[str, Any]) -> None:
        services.save_agent_of_program(row, is_back=written.get("manual_status") == AVAILABLE)

    def rows(self) -> QuerySet[Agent]:
        memberships = GroupMembership.objects.filter(agent=OuterRef("pk")).order_by("pk")
        return super().rows().annotate(group_ids=ArraySubquery(memberships.values("group__public_id")))


class GroupRow(Identified):
    name: str
    number_of_agent: int


def group_row(group: Group, project: Project) -> GroupRow:
    """Reads `number_of_agent`, which GroupResource.rows adds."""
    number_of_agent: int = group.number_of_agent  # type: ignore[attr-defined]
    return {**identified(group, project), "name": group.name, "number_of_agent": number_of_agent}


class GroupBody(RowBody):
    class Meta:
        model = Group
        fields: ClassVar = ["name"]


class GroupQuery(PageQuery):
    id = IdText(source="public_id", required=False)


class GroupResource(Resource[Group]):
    path = "group"
    noun = "group"
    id_key = "groupID"
    list_message = "Load group(s) success"
    array_key = "groups"
    total_keys = ("totalGroups", "totalCount")
    model = Group
    body = GroupBody
    query = GroupQuery
    row = staticmethod(group_row)
    row_shape = GroupRow
    remove = staticmethod(delete_group)

    def rows(self) -> QuerySet[Group]:
        # A subquery is counted for the rows of one page; a join would be grouped over the whole project first.
        members = GroupMembership.objects.filter(group=OuterRef("pk")).order_by().values("group")
        counted = Subquery(members.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
        return super().rows().annotate(number_of_agent=Coalesce(counted, 0))


class MembershipRow(Owned):
    agent_id: str
    group_id: str


def membership_row(membership: GroupMembership, project: Project) -> MembershipRow:
    return {
        **owned(membership, project),
        "agent_id": membership.agent.public_id,
        "group_id": membership.group.public_id,
    }


class MembershipBody(Parsed):
    agent_id = Reference(Agent, "agent", source="agent")
    group_id = Reference(Group, "group", source="group")


class MembershipQuery(PageQuery):
    group = Reference(Group, "group")


class MembershipResource(Resource[GroupMembership]):
    """A membership has no id: it is deleted by a body that names agent and group."""

    path = "manage-agents-in-group"
    collection: ClassVar[Mapping[str, str]] = {"get": "list", "post": "create", "delete": "destroy"}
    item: ClassVar[Mapping[str, str]] = {}
    noun = "group agent"
    list_message = "Load group agent success"
    array_key = "groupAgents"
    model = GroupMembership
    body = MembershipBody
    query = MembershipQuery
    row = staticmethod(membership_row)
    row_shape = MembershipRow
    created_keys: ClassVar = {"agentID": TEXT, "groupID": TEXT}

    def describe(self, action: str) -> Description:
        described = super().describe(action)
        return replace(described, body=self.body()) if action == "destroy" else described

    def rows(self) -> QuerySet[GroupMembership]:
        return super().rows().select_related("agent", "group")

    def create(self, request: Request) -> HttpResponse:
        pair = self.parse(self.body)
        with self.changing():
            services.add_to_group(pair["agent"], pair["group"])
        return self.success("Add agent to Group success", **_names(pair))

    def destroy(self, request: Request) -> HttpResponse:  # type: ignore[override]
        pair = self.parse(self.body)
        with self.changing():
            if not services.remove_from_group(pair["agent"], pair["group"]):
                raise NotFound("The agent is not in this group.")
        return self.success("Remove agent from Group success")


def _names(pair: dict[str, Any]) -> dict[str, str]:
    return {"agentID": pair["agent"].public_id, "groupID": pair["group"].public_id}
