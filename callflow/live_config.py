"""The configuration of a project as the conductor reads it, from the database, within one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property

from django.db import connection
from django.db.models import Q

from agents import domain as agent_rules
from agents.models import Agent
from agents.selectors import anybody_signed_in
from callflow.config_rows import ProjectRows, QueueRows, project_rows, queue_rows
from callflow.domain.config import AgentConfig, NumberConfig, QueueConfig, Settings, WayOut
from callflow.scco.actions import PartyType
from callflow.scco.hint import wanted_type
from callflow.spoken_texts import SpokenTexts
from calls.domain import Cause, LegState
from calls.models import OUTBOUND_LEGS, Call, Leg
from common.phone import InvalidPhoneNumber, digits_of
from ivr.domain.tree import Tree
from ivr.models import IvrTree
from ivr.selectors import menu_of
from numbers_app.models import BlockedNumber, Number
from numbers_app.selectors import priority_of
from projects.models import HANDLED_HERE_URLS, CallSettings, Project
from queues import hours
from queues.entries import EntryState
from queues.models import OutcomeCause, Queue, QueueEntry
from queues.outcomes import outcome_of
from routing.models import GroupRouting
from telephony.port import AudioFile, Media, Speech

OUTBOUND_LOCK = 0x0CA11  # first key of the advisory locks under which outbound legs are counted and begun
MOST_ANNOUNCED_PLACE = 100  # callers further back hear this; nobody counts on
RECENT_CALLS = 20  # on whose pace the expected wait is based
RECENT = dt.timedelta(minutes=30)
LONGEST_EXTENSION = 6  # digits: what is longer is a telephone, whatever users are called (Source: scco.md §11)
LANGUAGES = {"VN": "vi"}  # what callers of a country are spoken to in, where nothing was configured
# Every queue's call may ring an agent's own devices; a call to one agent alone does not ask a queue.
ANY_DEVICE = agent_rules.QueueNeeds(cond_routing=2, has_caller_id_for_phones=True)


class LiveConfig:
    """Reads what is asked for, once. Make a new one for each transaction: it does not see later changes."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id
        self._queues: dict[int, QueueRows | None] = {}
        self._numbers: dict[str, NumberConfig | None] = {}
        self._blocks: dict[str, tuple[bool, bool]] = {}

    @cached_property
    def _project(self) -> ProjectRows:
        return project_rows(self.project_id)

    @property
    def project(self) -> Project:
        return self._project.project

    @property
    def account_sid(self) -> str:
        return self._project.account_sid

    @property
    def call_settings(self) -> CallSettings:
        return self._project.settings

    @cached_property
    def settings(self) -> Settings:
        row = self.call_settings
        return Settings(
            customer_info_url=_elsewhere(row.get_customer_info_url),
            customer_info_timeout_ms=row.get_customer_info_timeout,
            callout_answer_url=_elsewhere(row.callout_answer_url),
            outbound_max_duration_s=row.outbound_max_duration_s,
        )

    @cached_property
    def texts(self) -> SpokenTexts:
        return SpokenTexts(LANGUAGES.get(self.project.country, "en"))

    # ── Numbers and callers ──────────────────────────────────────────────────────────────────────────────────────
    def digits(self, number: str) -> str:
        try:
            return digits_of(number, self.project.country)
        except InvalidPhoneNumber:
            return ""

    def number(self, digits: str) -> NumberConfig | None:
        wanted = self.digits(digits)
        if wanted not in self._numbers:
            self._numbers[wanted] = self._read_number(wanted) if wanted else None
        return self._numbers[wanted]

    def _read_number(self, digits: str) -> NumberConfig | None:
        row = Number.objects.filter(project=self.project_id, digits=digits).select_related("ivr_tree").first()
        if row is None:
            return None
        return NumberConfig(
            id=row.pk,
            digits=row.digits,
            nickname=row.nickname,
            tree=row.ivr_tree.public_id if row.enable_ivr and row.ivr_tree is not None else "",
            queue=None if row.enable_ivr else row.queue_id,
            answer_url=_elsewhere(row.answer_url),
            event_url=_elsewhere(row.event_url),
            allow_outbound=row.allow_outbound_calls,
            record_outbound=row.record_outbound_calls,
        )

    def telephone_dialled(self, dialled: str, custom: str) -> str:
        """The digits of the telephone that an agent's device calls; empty when it calls a user.

        What the app says in `custom` comes first (Source: webhooks.md §3.3). Agents may be called as extensions are.
        """
        digits = self.digits(dialled)
        wanted = wanted_type(custom)
        may_be_extension = wanted is None and 0 < len(digits) <= LONGEST_EXTENSION
        is_user = wanted is PartyType.INTERNAL or (may_be_extension and self.agent(dialled) is not None)
        return "" if is_user else digits

    def ivr_blocked(self, caller: str) -> bool:
        return self._blocked(caller)[0]

    def queue_blocked(self, caller: str) -> bool:
        return self._blocked(caller)[1]

    def _blocked(self, caller: str) -> tuple[bool, bool]:
        if caller not in self._blocks:
            rows = BlockedNumber.objects.filter(project=self.project_id, digits=self.digits(caller) or "-")
            self._blocks[caller] = rows.values_list("ivr_blocked", "queue_blocked").first() or (False, False)
        return self._blocks[caller]

    def priority_of(self, caller: str) -> int:
        digits = self.digits(caller)
        return priority_of(self.project_id, digits) if digits else 0

    def last_agent_of(self, customer: str) -> int | None:
        """Who spoke with the customer last, in either direction (Source: concepts.md §5)."""
        if not customer:
            return None
        served = Call.objects.filter(project=self.project_id, customer_number=customer, connected_at__isnull=False)
        return served.order_by("-connected_at").values_list("agent_id", flat=True).first()

    # ── Menus and queues ─────────────────────────────────────────────────────────────────────────────────────────
    def tree(self, public_id: str) -> Tree | None:
        row = IvrTree.objects.filter(project=self.project_id, public_id=public_id).first()
        return menu_of(row) if row is not None else None

    def queue_id(self, public_id: str) -> int | None:
        return Queue.objects.filter(project=self.project_id, public_id=public_id).values_list("pk", flat=True).first()

    def _rows(self, queue: int) -> QueueRows | None:
        if queue not in self._queues:
            self._queues[queue] = queue_rows(self.project_id, queue)
        return self._queues[queue]

    def _queue(self, queue: int) -> Queue | None:
        found = self._rows(queue)
        return found.queue if found is not None else None

    def queue(self, queue: int) -> QueueConfig | None:
        found = self._rows(queue)
        if found is None:
            return None
        row = found.queue
        return QueueConfig(
            id=row.pk,
            public_id=row.public_id,
            name=row.name,
            record=row.record_calls,
            wrap_up_s=row.wrap_up_time_limit if row.agent_wrap_up_after_calls else None,
            wait_music=self._file(found.wait_file),
            hold_music=self._file(found.hold_file),
            max_wait_s=row.maximum_queue_wait_time,
            backup_after_s=row.route_to_backup_groups_after,
            announce_position=row.announce_position,
            announce_estimated_wait=row.announce_estimated_wait,
            announce_every_s=row.announce_every_s,
            voicemail_prompt=self._file(found.voicemail_file) or self._speech(row.voicemail_prompt),
            voicemail_max_s=row.voicemail_max_s,
        )

    def public_id_of(self, queue: int | None) -> str:
        """The id by which programs know a queue; empty when there is none."""
        row = self._queue(queue) if queue is not None else None
        return row.public_id if row is not None else ""

    def caller_id_of(self, queue: int) -> str:
        """The number that agents' own telephones show for a queue's calls."""
        row = self._queue(queue)
        return row.from_number_callout_to_agent if row is not None else ""

    def _file(self, name: str) -> tuple[Media, ...]:
        return (AudioFile(self.project_id, name),) if name else ()

    def _speech(self, text: str) -> tuple[Media, ...]:
        return (Speech(text),) if text else ()

    def way_out(self, queue: int, cause: str) -> WayOut | None:
        row = self._queue(queue)
        return outcome_of(row, OutcomeCause(cause)) if row is not None else None

    def is_open(self, queue: int, now: dt.datetime) -> bool:
        row = self._queue(queue)
        return row is not None and hours.opening_of(row, now).open

    def is_full(self, queue: int) -> bool:
        """Whether as many calls wait as the line is long. Cost: an index scan of that many entries."""
        row = self._queue(queue)
        if row is None or row.maximum_queue_size == 0:
            return row is not None
        last = row.maximum_queue_size
        waiting = QueueEntry.objects.filter(queue=queue, state=EntryState.WAITING)
        return waiting.order_by("-priority", "enqueued_at", "id")[last - 1 : last].exists()

    def anybody_signed_in(self, queue: int) -> bool:
        row = self._queue(queue)
        if row is not None and row.get_list_agents_url:
            there = Q(reach__gt=0)
            if row.from_number_callout_to_agent:  # then the list may name a telephone for anybody who is available
                there |= Q(manual_status=agent_rules.AVAILABLE)
            return Agent.objects.filter(there, project=self.project_id).exists()
        return anybody_signed_in(GroupRouting.objects.filter(queue=queue).values_list("group_id", flat=True))

    def place_of(self, entry: int) -> int:
        row = QueueEntry.objects.get(pk=entry)
        earlier = QueueEntry.objects.filter(queue=row.queue_id, state=EntryState.WAITING).extra(
            where=["(-priority, enqueued_at, id) < (%s, %s, %s)"], params=[-row.priority, row.enqueued_at, row.pk]
        )
        return earlier[: MOST_ANNOUNCED_PLACE - 1].count() + 1

    def estimated_wait_s(self, queue: int, place: int) -> int | None:
        """The pace at which the queue's calls were answered lately, times the place; None when too few were."""
        answered = Call.objects.filter(entries__queue=queue, connected_at__isnull=False).order_by("-connected_at")
        times = [at for at in answered.values_list("connected_at", flat=True)[:RECENT_CALLS] if at is not None]
        return expected_wait_s(times, place)

    # ── Agents and limits ────────────────────────────────────────────────────────────────────────────────────────
    def agent(self, user_id: str) -> AgentConfig | None:
        row = Agent.objects.filter(project=self.project_id, stringee_user_id=user_id).first()
        return self.agent_config(row) if row is not None else None

    def agent_config(self, row: Agent) -> AgentConfig:
        state = row.state()
        busy = state.activity in (agent_rules.Activity.OFFERED, agent_rules.Activity.ON_CALL)
        endpoints = agent_rules.endpoints_of(state, ANY_DEVICE, self.project_id, self.project.country)
        return AgentConfig(row.pk, row.stringee_user_id, row.name, busy, endpoints)

    def may_call_out(self, user_id: str, now: dt.datetime) -> bool:
        """Cost: at most four queries."""
        agent = Agent.objects.filter(project=self.project_id, stringee_user_id=user_id).first()
        always = agent is not None and agent.allow_out_of_business_hour_callout
        return always or not hours.is_closed_by_default(self.project, now)

    def outbound_refusal(self, digits: str, now: dt.datetime) -> Cause | None:
        """Why the project's limits forbid to dial a number now.

        Locks: of two transactions that dial out for a project the later one waits for the first, so that both count.
        """
        limits = self.call_settings
        if not digits:
            return Cause.INVALID_NUMBER
        if not limits.may_dial(digits):
            return Cause.LIMIT_DESTINATION
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [OUTBOUND_LOCK, self.project_id])
        legs = Leg.objects.filter(OUTBOUND_LEGS, project=self.project_id)
        if legs.exclude(state=LegState.ENDED).count() >= limits.outbound_concurrency:
            return Cause.LIMIT_CONCURRENCY
        begun = legs.filter(started_at__gt=now - dt.timedelta(minutes=1)).count()
        return Cause.LIMIT_RATE if begun >= limits.outbound_per_minute else None


def expected_wait_s(answered: Sequence[dt.datetime], place: int) -> int | None:
    """The expected wait at a place in line, from when the last calls were answered, newest first; None: unknown."""
    if len(answered) < 3 or answered[0] - answered[-1] > RECENT:
        return None
    return round((answered[0] - answered[-1]).total_seconds() / (len(answered) - 1) * place)


def _elsewhere(url: str) -> str:
    """A customer's URL; empty for those that mean that we handle it."""
    return "" if url in HANDLED_HERE_URLS else url
