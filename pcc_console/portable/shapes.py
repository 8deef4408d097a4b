"""What stands in a project file: for each section the model, its fields in their order, and what they refer to.

The names of sections and fields are those of the models, which are those of the REST API. A field that has its default
value is left out of the file.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from agents.models import Agent, Group, RoutingType, SipAccount
from common import phone
from common.validation import validate_web_address
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, KeyAction
from numbers_app.models import BlockedNumber, Number, PriorityCaller
from projects.models import CallSettings, Project
from queues.models import BusinessHours, CondRouting, HoursException, Queue, QueueOutcome, Schedule

FORMAT = "pcc-console/project"
VERSION = 1

# Choices that are numbers in the REST API and words here.
WORDS: Mapping[tuple[type[models.Model], str], type[models.IntegerChoices]] = {
    (Agent, "routing_type"): RoutingType,
    (IvrKeyPress, "action"): KeyAction,
    (Queue, "schedule"): Schedule,
    (Queue, "cond_routing"): CondRouting,
}
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")


@dataclass(frozen=True)
class Shape:
    """One kind of row as it stands in a file."""

    model: type[models.Model]
    fields: tuple[str, ...]
    # field → the section whose row it names
    references: Mapping[str, str] = field(default_factory=dict)
    # written even when they have their default, because a reader looks for them
    always: frozenset[str] = frozenset()
    # fields of which no two rows of a file may have the same value
    unique: tuple[str, ...] = ()
    # fields that the model requires and a file may leave out
    optional: frozenset[str] = frozenset()
    # what a list item may hold beside the fields
    parts: frozenset[str] = frozenset()

    @property
    def plain(self) -> tuple[str, ...]:
        """The fields that are values, not references."""
        return tuple(name for name in self.fields if name not in self.references)

    def known_keys(self) -> frozenset[str]:
        return frozenset(self.fields) | self.parts

    def default(self, name: str) -> Any:
        """The value of a field that is left out; "" for texts that must be given."""
        return None if name in self.references else model_field(self.model, name).get_default()


PROJECT = Shape(
    Project,
    ("name", "time_zone", "country", "answer_url", "event_url"),
    always=frozenset({"name", "time_zone", "country"}),
)
CALL_SETTINGS = Shape(
    CallSettings,
    (
        "get_customer_info_url",
        "get_customer_info_timeout",
        "event_url",
        "callout_answer_url",
        "sms_gateway_url",
        "missed_calls_limit",
        "outbound_prefixes",
        "outbound_concurrency",
        "outbound_per_minute",
        "outbound_max_duration_s",
        "recording_retention_days",
    ),
)
NUMBERS = Shape(
    Number,
    (
        "number",
        "nickname",
        "enable_ivr",
        "ivr_tree",
        "queue",
        "allow_outbound_calls",
        "record_outbound_calls",
        "all_group_can_make_outbound_call",
        "answer_url",
        "event_url",
    ),
    references={"ivr_tree": "ivr_trees", "queue": "queues"},
    always=frozenset({"number"}),
)
BLOCKED_NUMBERS = Shape(BlockedNumber, ("number", "ivr_blocked", "queue_blocked"), always=frozenset({"number"}))
PRIORITY_CALLERS = Shape(PriorityCaller, ("number", "priority", "note"), always=frozenset({"number", "priority"}))
IVR_TREES = Shape(
    IvrTree, ("tree_name",), always=frozenset({"tree_name"}), parts=frozenset({"ref", "root_node", "nodes"})
)
NODES = Shape(
    IvrNode,
    (
        "node_name",
        "node_play_mode",
        "node_play_content",
        "greeting_file",
        "barge_in",
        "loop_count",
        "sched",
        "voice",
        "speed",
        "keypress_timeout",
    ),
    references={"greeting_file": "greeting_files"},
    always=frozenset({"node_name", "node_play_mode"}),
    parts=frozenset({"ref", "keys"}),
)
KEYS = Shape(
    IvrKeyPress,
    ("action", "queue", "from_number_callout_to_agent", "to_phone_number", "sms"),
    references={"queue": "queues"},
    always=frozenset({"action"}),
    parts=frozenset({"next_node"}),
)
QUEUES = Shape(
    Queue,
    (
        "name",
        "schedule",
        "business_hours",
        "wait_greeting",
        "hold_greeting",
        "wait_agent_answer_timeout",
        "agent_wrap_up_after_calls",
        "wrap_up_time_limit",
        "record_calls",
        "maximum_queue_size",
        "maximum_queue_wait_time",
        "enable_voicemail",
        "cond_routing",
        "route_to_backup_groups_after",
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
        "sla_target_percent",
        "sla_answered_within",
    ),
    references={
        "business_hours": "business_hours",
        "wait_greeting": "greeting_files",
        "hold_greeting": "greeting_files",
        "voicemail_greeting": "greeting_files",
    },
    always=frozenset({"name"}),
    parts=frozenset({"ref", "primary_groups", "backup_groups", "outcomes"}),
)
OUTCOMES = Shape(
    QueueOutcome,
    ("action", "to_queue", "to_number", "from_number", "message", "greeting"),
    references={"to_queue": "queues", "greeting": "greeting_files"},
    always=frozenset({"action"}),
    parts=frozenset({"to_node"}),
)
BUSINESS_HOURS = Shape(
    BusinessHours,
    ("name", "is_default", "enabled", "time_zone", "holiday_country"),
    always=frozenset({"name"}),
    unique=("name",),
    parts=frozenset({"weekly", "exceptions"}),
)
EXCEPTIONS = Shape(HoursException, ("date", "opens", "closes", "note"), always=frozenset({"date"}))
GROUPS = Shape(Group, ("name",), always=frozenset({"name"}), parts=frozenset({"ref", "agents"}))
AGENTS = Shape(
    Agent,
    (
        "stringee_user_id",
        "name",
        "manual_status",
        "routing_type",
        "phone_number",
        "allow_out_of_business_hour_callout",
    ),
    always=frozenset({"stringee_user_id", "name"}),
    unique=("stringee_user_id",),
)
SIP_ACCOUNTS = Shape(
    SipAccount,
    ("user_name", "extension", "stringee_user_id", "password"),
    always=frozenset({"user_name"}),
    unique=("user_name", "extension"),
    optional=frozenset({"password"}),
)
GREETING_FILES = Shape(GreetingFile, ("desc1", "original_name"), parts=frozenset({"ref", "audio", "speech", "tune"}))

# The order of the file: as a call goes, then what it meets.
SECTIONS: Mapping[str, Shape] = {
    "numbers": NUMBERS,
    "blocked_numbers": BLOCKED_NUMBERS,
    "priority_callers": PRIORITY_CALLERS,
    "ivr_trees": IVR_TREES,
    "queues": QUEUES,
    "business_hours": BUSINESS_HOURS,
    "groups": GROUPS,
    "agents": AGENTS,
    "sip_accounts": SIP_ACCOUNTS,
    "greeting_files": GREETING_FILES,
}

# The fields by whose text a row is named in its section; the first that has any counts.
NAMES_OF_ROWS: Mapping[str, tuple[str, ...]] = {
    "numbers": ("number",),
    "blocked_numbers": ("number",),
    "priority_callers": ("number",),
    "ivr_trees": ("tree_name",),
    "nodes": ("node_name",),
    "queues": ("name",),
    "business_hours": ("name",),
    "groups": ("name",),
    "agents": ("stringee_user_id",),
    "sip_accounts": ("user_name",),
    "greeting_files": ("desc1", "original_name"),  # the `filename` is made anew by every installation
}
PHONE_NUMBERS = frozenset(
    {"number", "phone_number", "to_phone_number", "from_number_callout_to_agent", "to_number", "from_number"}
)
NAMELESS = "Untitled"  # only greeting files may be


def model_field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    found = model._meta.get_field(name)
    if not isinstance(found, models.Field):
        raise TypeError(name)
    return found


def name_of(section: str, row: models.Model) -> str:
    """What a row is called in its section; several may have the same name."""
    texts = (getattr(row, name) for name in NAMES_OF_ROWS[section])
    return next((text for text in texts if text), NAMELESS)


def handles(names: Iterable[str]) -> list[str]:
    """Give every row of a list a text that names it and no other one.

    A name that occurs once is its own handle, as is the first of several; the others get the first free
    ` (2)`, ` (3)` … behind it. Depends on nothing but the names and their order.
    """
    in_order = list(names)
    taken = set(in_order)
    met: Counter[str] = Counter()
    given = []
    for name in in_order:
        met[name] += 1
        handle = name
        while met[name] > 1 and handle in taken:
            handle = f"{name} ({met[name]})"
            if handle in taken:
                met[name] += 1
        taken.add(handle)
        given.append(handle)
    return given


def written(model: type[models.Model], name: str, value: Any) -> Any:
    """A field's value as it stands in a file: str, bool or int."""
    if words := WORDS.get((model, name)):
        return word(words(value))
    if isinstance(value, dt.time):
        return clock_text(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def read(model: type[models.Model], name: str, text: str) -> Any:
    """The other way round. Raises ValueError with a message for people."""
    if words := WORDS.get((model, name)):
        return member(words, text)
    kind = model_field(model, name)
    if isinstance(kind, models.BooleanField):
        return truth(text)
    if isinstance(kind, models.IntegerField):
        return whole_number(text)
    if isinstance(kind, models.DateField):
        return date(text)
    if isinstance(kind, models.TimeField):
        return clock(text)
    if text and name in PHONE_NUMBERS:
        check_phone_number(text)
    if text and name.endswith("_url"):
        check_web_address(text)
    return text


def word(choice: enum.Enum) -> str:
    """`Schedule.BUSINESS_HOURS` is written `business_hours`."""
    return choice.name.lower()


def member(words: type[models.IntegerChoices], text: str) -> models.IntegerChoices:
    for choice in words:
        if word(choice) == text:
            return choice
    raise ValueError(f"must be one of {', '.join(word(choice) for choice in words)}, not {shortened(text)}")


def truth(text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError(f"must be true or false, not {shortened(text)}")


def whole_number(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,12}", text):
        return int(text)
    raise ValueError(f"must be a whole number, not {shortened(text)}")


def date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"must be a date such as 2026-09-02, not {shortened(text)}") from error


def clock(text: str) -> dt.time:
    """Local wall clock, e.g. `08:00`."""
    if _CLOCK.fullmatch(text):
        hour, rest = text.split(":", 1)
        try:
            return dt.time.fromisoformat(f"{int(hour):02}:{rest}")
        except ValueError:  # 24:00 and later
            pass
    raise ValueError(f"must be a time such as 08:30, not {shortened(text)}")


def clock_text(at: dt.time) -> str:
    return f"{at:%H:%M}" if (at.second, at.microsecond) == (0, 0) else at.isoformat()


def check_phone_number(text: str) -> None:
    try:
        phone.digits_of(text)
    except phone.InvalidPhoneNumber as error:
        raise ValueError(f"{shortened(text)} is not a telephone number") from error


def check_web_address(text: str) -> None:
    try:
        validate_web_address(text)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error


def shortened(text: str) -> str:
    """A text as it may be shown in an error message."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
