"""What the conductor reads of a project while it decides. Reads only: the same question gets the same answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calls.domain import Cause
from ivr.domain.tree import Tree
from telephony.port import Media


@dataclass(frozen=True, slots=True)
class NumberConfig:
    """A dialled number and what answers it. `answer_url` is empty when calls are handled here.

    `event_url`: who is told of its calls beside the project's own server; empty: nobody.
    """

    id: int
    digits: str
    nickname: str = ""
    tree: str = ""
    queue: int | None = None
    answer_url: str = ""
    event_url: str = ""
    allow_outbound: bool = True
    record_outbound: bool = False


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """A queue as the flow of calls sees it. Units: seconds; `wrap_up_s` None: no wrap-up, `max_wait_s` 0: no limit."""

    id: int
    public_id: str
    name: str
    record: bool = False
    wrap_up_s: int | None = None
    wait_music: tuple[Media, ...] = ()
    hold_music: tuple[Media, ...] = ()
    max_wait_s: int = 0
    backup_after_s: int = 0
    announce_position: bool = False
    announce_estimated_wait: bool = False
    announce_every_s: int = 30
    voicemail_prompt: tuple[Media, ...] = ()
    voicemail_max_s: int = 120


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a whole project. Units: milliseconds and seconds."""

    customer_info_url: str = ""
    customer_info_timeout_ms: int = 2000
    callout_answer_url: str = ""
    outbound_max_duration_s: int = 7200


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """An agent who is named by his user id. `busy`: he has a call or an offer. `endpoints`: where he can be rung."""

    id: int
    user_id: str
    name: str
    busy: bool
    endpoints: tuple[str, ...]


class WayOut(Protocol):
    """What a queue does with a caller whom it does not keep (shape: `queues.outcomes.Outcome`)."""

    @property
    def action(self) -> str: ...
    @property
    def to_queue_id(self) -> int | None: ...
    @property
    def to_number(self) -> str: ...
    @property
    def from_number(self) -> str: ...
    @property
    def to_node_id(self) -> str: ...
    @property
    def tree_id(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def greeting_file(self) -> str: ...


class Texts(Protocol):
    """What is spoken to callers where nothing was configured, in the project's language."""

    def goodbye(self) -> str: ...
    def leave_message(self) -> str: ...
    def thanks_for_message(self) -> str: ...
    def place_in_line(self, place: int | None, wait_s: int | None) -> str: ...


class Config(Protocol):
    """The configuration of one project, and what is true in it now."""

    @property
    def project_id(self) -> int: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def texts(self) -> Texts: ...
    def number(self, digits: str) -> NumberConfig | None: ...
    def tree(self, public_id: str) -> Tree | None: ...
    def queue(self, queue: int) -> QueueConfig | None: ...
    def queue_id(self, public_id: str) -> int | None: ...
    def way_out(self, queue: int, cause: str) -> WayOut | None: ...
    def agent(self, user_id: str) -> AgentConfig | None: ...
    def may_call_out(self, user_id: str, now: dt.datetime) -> bool:
        """Whether the business hours let an agent call customers now, or he may do so at any time."""
        ...

    def digits(self, number: str) -> str:
        """The digits of a number in any spelling; empty when it is none."""
        ...

    def ivr_blocked(self, caller: str) -> bool: ...
    def queue_blocked(self, caller: str) -> bool: ...
    def priority_of(self, caller: str) -> int: ...
    def last_agent_of(self, customer: str) -> int | None: ...
    def is_open(self, queue: int, now: dt.datetime) -> bool: ...
    def is_full(self, queue: int) -> bool: ...
    def anybody_signed_in(self, queue: int) -> bool: ...
    def place_of(self, entry: int) -> int:
        """The caller's place in line, from 1."""
        ...

    def estimated_wait_s(self, queue: int, place: int) -> int | None: ...
    def outbound_refusal(self, digits: str, now: dt.datetime) -> Cause | None:
        """Why the project's limits forbid to dial a number now."""
        ...


ConfigOf = Callable[[int], Config]  # by project
