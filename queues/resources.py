"""Columns of queues in CSV and Excel files."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Model

from projects.console.resource import Column, ProjectResource, Reference, Switch, Whole
from queues.models import CondRouting, Queue, Schedule


class QueueResource(ProjectResource):
    model: ClassVar[type[Model]] = Queue
    key = "name"
    key_column = "name"
    phone_columns = ("from_number_callout_to_agent",)

    name = Column("name")
    schedule = Column("schedule", Whole(Schedule.choices), keeps=True)
    business_hours = Column("business_hours_id", Reference("queues.BusinessHours"))
    wait_agent_answer_timeout = Column("wait_agent_answer_timeout", Whole(), keeps=True)
    agent_wrap_up_after_calls = Column("agent_wrap_up_after_calls", Switch(), keeps=True)
    wrap_up_time_limit = Column("wrap_up_time_limit", Whole(), keeps=True)
    record_calls = Column("record_calls", Switch(), keeps=True)
    wait_greeting = Column("wait_greeting_id", Reference("ivr.GreetingFile", "filename"))
    hold_greeting = Column("hold_greeting_id", Reference("ivr.GreetingFile", "filename"))
    maximum_queue_size = Column("maximum_queue_size", Whole(), keeps=True)
    maximum_queue_wait_time = Column("maximum_queue_wait_time", Whole(), keeps=True)
    enable_voicemail = Column("enable_voicemail", Switch(), keeps=True)
    route_to_backup_groups_after = Column("route_to_backup_groups_after", Whole(), keeps=True)
    cond_routing = Column("cond_routing", Whole(CondRouting.choices), keeps=True)
    from_number_callout_to_agent = Column("from_number_callout_to_agent")
    get_list_agents_url = Column("get_list_agents_url")
    fall_back_to_groups = Column("fall_back_to_groups", Switch(), keeps=True)
    last_agent_first = Column("last_agent_first", Switch(), keeps=True)
    announce_position = Column("announce_position", Switch(), keeps=True)
    announce_estimated_wait = Column("announce_estimated_wait", Switch(), keeps=True)
    announce_every_s = Column("announce_every_s", Whole(), keeps=True)
    voicemail_greeting = Column("voicemail_greeting_id", Reference("ivr.GreetingFile", "filename"))
    voicemail_prompt = Column("voicemail_prompt")
    voicemail_max_s = Column("voicemail_max_s", Whole(), keeps=True)
    sla_target_percent = Column("sla_target_percent", Whole(), keeps=True)
    sla_answered_within = Column("sla_answered_within", Whole(), keeps=True)
