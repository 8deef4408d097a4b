"""Queues, and the groups that serve them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet

from agents.models import Group
from api.fields import Flag, GreetingReference, IdText, PhoneText, Reference, UrlText
from api.serializers import PageQuery, RowBody
from api.shapes import Bit, Identified, bit, identified
from api.views import Resource
from ivr.models import GreetingFile
from projects.models import Project
from queues.models import MIN_RING_TIMEOUT_S, Queue
from queues.services import delete_queue
from routing import services
from routing.models import GroupRouting


class QueueRow(Identified):
    name: str
    record_calls: Bit
    agent_wrap_up_after_calls: Bit
    wrap_up_time_limit: int
    schedule: int
    wait_agent_answer_timeout: int
    wait_greeting: str | None
    hold_greeting: str | None
    maximum_queue_size: int
    maximum_queue_wait_time: int
    enable_voicemail: Bit
    from_number_callout_to_agent: str | None
    get_list_agents_url: str | None
    fall_back_to_groups: Bit
    last_agent_first: Bit
    announce_position: Bit
    announce_estimated_wait: Bit
    announce_every_s: int
    voicemail_greeting: str | None
    voicemail_prompt: str | None
    voicemail_max_s: int
    cond_routing: int
    route_to_backup_groups_after: int
    sla_target_percent: int
    sla_answered_within: int


def queue_row(queue: Queue, project: Project) -> QueueRow:
    return {
        **identified(queue, project),
        "name": queue.name,
        "record_calls": bit(queue.record_calls),
        "agent_wrap_up_after_calls": bit(queue.agent_wrap_up_after_calls),
        "wrap_up_time_limit": queue.wrap_up_time_limit,
        "schedule": queue.schedule,
        "wait_agent_answer_timeout": queue.wait_agent_answer_timeout,
        "wait_greeting": queue.wait_greeting.filename if queue.wait_greeting else None,
        "hold_greeting": queue.hold_greeting.filename if queue.hold_greeting else None,
        "maximum_queue_size": queue.maximum_queue_size,
        "maximum_queue_wait_time": queue.maximum_queue_wait_time,
        "enable_voicemail": bit(queue.enable_voicemail),
        "from_number_callout_to_agent": queue.from_number_callout_to_agent or None,
        "get_list_agents_url": queue.get_list_agents_url or None,
        "fall_back_to_groups": bit(queue.fall_back_to_groups),
        "last_agent_first": bit(queue.last_agent_first),
        "announce_position": bit(queue.announce_position),
        "announce_estimated_wait": bit(queue.announce_estimated_wait),
        "announce_every_s": queue.announce_every_s,
        "voicemail_greeting": queue.voicemail_greeting.filename if queue.voicemail_greeting else None,
        "voicemail_prompt": queue.voicemail_prompt or None,
        "voicemail_max_s": queue.voicemail_max_s,
        "cond_routing": queue.cond_routing,
        "route_to_backup_groups_after": queue.route_to_backup_groups_after,
        "sla_target_percent": queue.sla_target_percent,
        "sla_answered_within": queue.sla_answered_within,
    }


class QueueBody(RowBody):
    wait_greeting = GreetingReference(GreetingFile, required=False, help_text="File name of the waiting music.")
    hold_greeting = GreetingReference(GreetingFile, required=False, help_text="File name of the hold music.")
    voicemail_greeting = GreetingReference(GreetingFile, required=False, help_text="File name, played before the tone.")
    from_number_callout_to_agent = PhoneText(required=False, max_length=32)
    get_list_agents_url = UrlText(required=False)

    class Meta:
        model = Queue
        fields: ClassVar = [
            "name",
            "record_calls",
            "agent_wrap_up_after_calls",
            "wrap_up_time_limit",
            "schedule",
            "wait_agent_answer_timeout",
            "wait_greeting",
            "hold_greeting",
            "maximum_queue_size",
            "maximum_queue_wait_time",
            "enable_voicemail",
            "from_number_callout_to_agent",
            "get_list_agents_url",
            "fall_back_to_groups",
            "last_agent_first",
            "announce_position",
            "announce_estimated_wait",
            "announce_every_s",
            "voicemail_greeting",
            "voicemail_prompt",
            "voicemail_max_s",
            "cond_routing",
            "route_to_backup_groups_after",
            "sla_target_percent",
            "sla_answered_within",
        ]
        extra_kwargs: ClassVar = {"wait_agent_answer_timeout": {"clamp_to": MIN_RING_TIMEOUT_S}}


class QueueQuery(PageQuery):
    id = IdText(source="public_id", required=False)


class QueueResource(Resource[Queue]):
    path = "queue"
    noun = "queue"
    id_key = "queueID"
    list_message = "Load queue(s) success"
    array_key = "queues"
    model = Queue
    body = QueueBody
    query = QueueQuery
    row = staticmethod(queue_row)
    row_shape = QueueRow
    remove = staticmethod(delete_queue)

    def rows(self) -> QuerySet[Queue]:
        return super().rows().select_related("wait_greeting", "hold_greeting", "voicemail_greeting")


class RoutingRow(Identified):
    queue_id: str
    group_id: str
    primary_group: int


def routing_row(routing: GroupRouting, project: Project) -> RoutingRow:
    return {
        **identified(routing, project),
        "queue_id": routing.queue.public_id,
        "group_id": routing.group.public_id,
        "primary_group": routing.primary_group,
    }


class RoutingBody(RowBody):
    queue_id = Reference(Queue, "queue", source="queue")
    group_id = Reference(Group, "group", source="group")
    primary_group = Flag(help_text="1: primary. 0: used while no agent of a primary group is available.")

    class Meta:
        model = GroupRouting
        fields: ClassVar = ["queue_id", "group_id", "primary_group"]
        fixed = ("queue_id", "group_id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if "primary_group" in attrs:
            attrs["primary_group"] = int(attrs["primary_group"])
        return attrs


class RoutingQuery(PageQuery):
    queue = Reference(Queue, "queue")


class RoutingResource(Resource[GroupRouting]):
    path = "routing-call-to-groups"
    noun = "group routing"
    id_key = "groupRoutingID"
    list_message = "Load group routing success"
    array_key = "groupRoutings"
    model = GroupRouting
    body = RoutingBody
    query = RoutingQuery
    row = staticmethod(routing_row)
    row_shape = RoutingRow
    save = staticmethod(services.save_routing)

    def rows(self) -> QuerySet[GroupRouting]:
        return super().rows().select_related("queue", "group")
