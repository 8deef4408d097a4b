"""Everything at random: calls, agents, requests, settings and faults in any order, and the invariants after each.

The reference is small: who has called must have been told one outcome when all is over, and nobody may be held.
"""

from __future__ import annotations

from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agents import activity
from agents.models import Agent, GroupMembership
from agents.services import delete_agent
from callflow import requests
from callflow.domain.call import Party, TransferKind
from calls.domain import LegRole
from calls.models import Call, Leg
from common import clock
from common.refusals import Refusal
from queues.models import OutcomeAction, OutcomeCause, Queue, QueueOutcome
from routing.models import GroupRouting, Tier
from telephony.port import Part
from tests import factories
from tests.scenario.conftest import ELSEWHERE
from tests.scenario.test_waiting import LIST_URL, lists, on_device, on_phone
from tests.scenario.world import World

USERS = ("an", "binh", "chi", "dung")
QUEUES = ("Sales", "Support")
CHIEF = "console:chief"
NUMBERS = {"Sales": "842400000001", "Support": "842400000002"}
seconds = st.sampled_from([0.0, 0.1, 1, 2, 5, 9, 16])
users = st.sampled_from(USERS)
queues = st.sampled_from(QUEUES)
does = st.sampled_from(["answers", "answers", "answers", "rejects", "busy", "unreachable", "never_answers"])


class ContactCenter(RuleBasedStateMachine):
    """Two queues that share agents, in both tiers; one of them may go by a customer's list."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.callers: list[str] = []

    def teardown(self) -> None:
        try:
            self._let_everything_end()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
            self.patch.undo()

    @initialize()
    def begin(self) -> None:
        self.project = factories.ProjectFactory(name="Machine")
        self.world = World(self.project, self.patch)
        settings_row = self.project.call_settings
        settings_row.event_url, settings_row.missed_calls_limit = "https://crm.example.net/events", 2
        settings_row.save()
        self.groups = {name: factories.GroupFactory(project=self.project, name=name) for name in QUEUES}
        for name in QUEUES:
            queue = factories.QueueFactory(
                project=self.project,
                name=name,
                wrap_up_time_limit=3,
                maximum_queue_wait_time=60,
                wait_agent_answer_timeout=8,
                from_number_callout_to_agent=NUMBERS["Sales"],
                route_to_backup_groups_after=4,
            )
            factories.NumberFactory(project=self.project, number=NUMBERS[name], enable_ivr=False, queue=queue)
            for group in QUEUES:
                tier = Tier.PRIMARY if group == name else Tier.BACKUP
                factories.GroupRoutingFactory(
                    project=self.project, queue=queue, group=self.groups[group], primary_group=tier
                )
        for number, user in enumerate(USERS):
            self._hire(user, QUEUES[number % 2])
        self.world.phone(ELSEWHERE, after_s=2, talk_s=5)
        self.world.online(CHIEF, after_s=1, talk_s=20)

    # ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(queue=queues, patience_s=st.integers(1, 50), talk_s=st.integers(1, 20), caller=st.integers(10, 14))
    def somebody_calls(self, queue, patience_s, talk_s, caller) -> None:
        leg = self.world.call(NUMBERS[queue], f"849000000{caller}", patience_s=patience_s, talk_s=talk_s)
        self.callers.append(leg)

    @rule(which=st.integers(0, 9))
    def a_party_hangs_up(self, which) -> None:
        legs = sorted(self.world.engine.legs)
        if legs:
            self.world.hangs_up(legs[which % len(legs)])

    @rule(after_s=seconds)
    def time_passes(self, after_s) -> None:
        self.world.run_for(after_s)

    @rule(after_s=seconds)
    def more_time_passes(self, after_s) -> None:
        self.world.run_for(2 * after_s)

    # ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(user=users, does=does, after_s=st.integers(0, 10), talk_s=st.sampled_from([None, 3, 8]))
    def a_device_comes(self, user, does, after_s, talk_s) -> None:
        self.world.online(user, does=does, after_s=after_s, talk_s=talk_s)

    @rule(user=users)
    def a_device_goes(self, user) -> None:
        self.world.offline(user)

    @rule(user=users, status=st.sampled_from(["AVAILABLE", "AVAILABLE", "LUNCH", None]))
    def a_status_is_chosen(self, user, status) -> None:
        if agent := self._agent(user):
            moved = activity.set_manual_status(agent.pk, status, clock.now())
            self.world.rings |= moved.rings
            self.world.settle()

    @rule(user=users, status=st.sampled_from([0, 1, 2]))
    def a_program_writes_a_status(self, user, status) -> None:
        if agent := self._agent(user):
            activity.take_program_status(agent.pk, status, clock.now())

    @rule(user=users, what=st.sampled_from([requests.end_wrap_up, requests.extend_wrap_up]))
    def wrap_up_is_changed(self, user, what) -> None:
        self._ask(what, user, **({"by": user} if what is requests.end_wrap_up else {}))

    @rule(user=users)
    def an_agent_returns(self, user) -> None:
        if agent := self._agent(user):
            activity.return_agent(agent.pk, clock.now(), by=user)

    # ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(user=users)
    def an_agent_calls_out(self, user) -> None:
        self._ask(requests.call_out, user, display=Party(ELSEWHERE), caller_id=NUMBERS["Sales"], customer=ELSEWHERE)

    @rule(user=users, to=st.sampled_from([ELSEWHERE, *USERS]))
    def a_device_calls_out(self, user, to) -> None:
        if (user, "web") in self.world.devices:
            from_ = NUMBERS["Sales"] if to == ELSEWHERE else ""
            self.callers.append(self.world.device_calls(user, to, from_, patience_s=30, talk_s=10))

    @rule(which=st.integers(0, 9), to=users, kind=st.sampled_from(TransferKind), outside=st.booleans())
    def a_call_is_transferred(self, which, to, kind, outside) -> None:
        if call := self._running(which):
            party = Party(ELSEWHERE) if outside else Party(to, internal=True)
            self._ask(requests.transfer, call.call_id, party, kind)

    @rule(which=st.integers(0, 9), queue=queues)
    def a_call_is_sent_to_a_queue(self, which, queue) -> None:
        if call := self._running(which):
            self._ask(requests.transfer_to_queue, call.call_id, self._queue(queue).public_id)

    @rule(which=st.integers(0, 9), what=st.sampled_from(["hold", "unhold", "stop", "complete", "merge"]))
    def something_is_asked_of_a_call(self, which, what) -> None:
        call = self._running(which)
        if call is None:
            return
        match what:
            case "hold" | "unhold":
                self._ask(requests.hold, call.call_id, held=what == "hold")
            case "stop":
                self._ask(requests.stop, call.call_id)
            case "complete":
                self._ask(requests.complete_transfer, call.call_id)
            case "merge":
                self._ask(requests.merge_transfer, call.call_id)

    @rule(which=st.integers(0, 9), to=users, outside=st.booleans())
    def a_person_is_added(self, which, to, outside) -> None:
        if call := self._running(which):
            self._ask(requests.add_person, call.call_id, Party(ELSEWHERE) if outside else Party(to, internal=True))

    @rule(which=st.integers(0, 9), to=users, part=st.sampled_from(Part), by_page=st.booleans())
    def a_call_is_supervised(self, which, to, part, by_page) -> None:
        if call := self._running(which):
            page = f"web:{self.project.pk}_{CHIEF}" if by_page else ""
            self._ask(
                requests.supervise, call.call_id, Party(CHIEF if by_page else to, internal=True), part, endpoint=page
            )

    @rule(which=st.integers(0, 9), guest=st.integers(0, 3))
    def a_guest_is_let_go(self, which, guest) -> None:
        call = self._running(which)
        guests = call.flow.get("guests", []) if call is not None else []
        if call is None or not guests:
            return
        leg = Leg.objects.get(leg_id=guests[guest % len(guests)]["leg"])
        if leg.role == LegRole.SUPERVISOR:
            self._ask(requests.stop_supervising, call.call_id, leg.number)
        else:
            self._ask(requests.remove_person, call.call_id, leg.leg_id)

    # ── Settings ─────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(queue=queues, size=st.integers(0, 3), wait_s=st.sampled_from([0, 5, 60]), ring_s=st.sampled_from([3, 8]))
    def a_queue_is_changed(self, queue, size, wait_s, ring_s) -> None:
        row = self._queue(queue)
        row.maximum_queue_size, row.maximum_queue_wait_time, row.wait_agent_answer_timeout = size, wait_s, ring_s
        row.save()

    @rule(queue=queues, cause=st.sampled_from(OutcomeCause), action=st.sampled_from(["voicemail", "queue", "hang_up"]))
    def a_way_out_is_chosen(self, queue, cause, action) -> None:
        other = self._queue(next(name for name in QUEUES if name != queue))
        target = other if action == OutcomeAction.QUEUE else None
        QueueOutcome.objects.update_or_create(
            project=self.project,
            queue=self._queue(queue),
            cause=cause,
            defaults={"action": action, "to_queue": target},
        )

    @rule(on=st.booleans(), on_phones=st.booleans(), order=st.permutations(USERS))
    def the_customer_chooses(self, on, on_phones, order) -> None:
        row = self._queue("Support")
        row.get_list_agents_url = LIST_URL if on else ""
        row.save()
        lines = [on_phone(user, ELSEWHERE, 5) if on_phones else on_device(user, 5) for user in order[:2]]
        self.world.answers[LIST_URL] = lists(*lines)

    @rule(user=users, group=queues)
    def a_group_is_changed(self, user, group) -> None:
        agent = self._agent(user)
        if agent is None:
            return
        gone, _ = GroupMembership.objects.filter(agent=agent, group=self.groups[group]).delete()
        if not gone:
            factories.GroupMembershipFactory(project=self.project, group=self.groups[group], agent=agent)

    @rule(queue=queues)
    def tiers_are_exchanged(self, queue) -> None:
        for row in GroupRouting.objects.filter(queue=self._queue(queue)):
            row.primary_group = 1 - row.primary_group
            row.save()

    @rule(user=users)
    def an_agent_is_dismissed_or_hired_again(self, user) -> None:
        agent = self._agent(user)
        if agent is None:
            self._hire(user, "Sales")
            return
        try:
            delete_agent(agent)
        except Refusal:
            return

    # ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(bells=st.sets(st.sampled_from(["dispatch", "ask", "ask_agents", "engine"])))
    def bells_are_lost(self, bells) -> None:
        self.world.lost = bells

    @rule(seed=st.none() | st.integers(0, 99))
    def events_are_muddled(self, seed) -> None:
        self.world.muddle = Random(seed) if seed is not None else None

    @rule(dead_s=st.integers(0, 4))
    def the_engine_is_killed(self, dead_s) -> None:
        self.world.kill_engine()
        self.world.run_for(dead_s)
        self.world.start_engine()

    # ── What must hold ───────────────────────────────────────────────────────────────────────────────────────────
    @invariant()
    def nothing_is_found(self) -> None:
        if hasattr(self, "world"):
            assert self.world.findings() == []

    def _let_everything_end(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.lost, self.world.muddle = set(), None
        self.world.run_out(200)
        self.world.run_for(8)
        assert list(Call.objects.filter(ended_at=None).values_list("call_id", "state")) == []
        assert list(Agent.objects.exclude(activity="idle").values_list("stringee_user_id", "activity")) == []
        assert self.world.engine.legs == {}
        known = Call.objects.filter(legs__leg_id__in=self.callers).exclude(outcome="").count()
        assert known == len(self.callers)
        assert self.world.findings() == []

    # ── Tools ────────────────────────────────────────────────────────────────────────────────────────────────────
    def _hire(self, user: str, group: str) -> None:
        agent = factories.AgentFactory(
            project=self.project, stringee_user_id=user, name=user, manual_status="AVAILABLE"
        )
        factories.GroupMembershipFactory(project=self.project, group=self.groups[group], agent=agent)

    def _agent(self, user: str) -> Agent | None:
        return Agent.objects.filter(stringee_user_id=user).first()

    def _queue(self, name: str) -> Queue:
        return Queue.objects.get(project=self.project, name=name)

    def _running(self, which: int) -> Call | None:
        calls = list(Call.objects.filter(ended_at=None).order_by("pk"))
        return calls[which % len(calls)] if calls else None

    def _ask(self, what, *args, **facts) -> None:
        """Whatever is refused has changed nothing: the invariants say so."""
        try:
            with transaction.atomic():
                what(self.project.pk, *args, **facts)
        except Refusal:
            return
        self.world.settle()


@pytest.mark.django_db
def test_whatever_happens_in_whatever_order_the_invariants_hold():
    run_state_machine_as_test(
        ContactCenter,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
