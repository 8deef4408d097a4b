"""Export, import, export: the same bytes, whatever a project is called and however its trees are tangled."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agents.models import MAX_EXTENSION, Agent, Group, GroupMembership, RoutingType, SipAccount
from ivr.models import IvrKeyPress, IvrNode, IvrTree, Key, KeyAction, PlayMode
from numbers_app.models import BlockedNumber, Number, PriorityCaller
from pcc_console.portable import shapes
from pcc_console.tests.portable_tools import MemorySounds, exported, imported
from projects.models import Account, CallSettings, Project
from projects.services import create_project
from queues.models import (
    BusinessHours,
    CondRouting,
    HoursException,
    OpeningRange,
    OutcomeAction,
    OutcomeCause,
    Queue,
    QueueOutcome,
    Schedule,
)
from routing.models import GroupRouting

pytestmark = pytest.mark.django_db

AWKWARD = [
    "Support", "Support (2)", "Support (2) (2)", "~", "null", "yes", "No", "12:30", "0909", "1e3", "- a", "a # c",
    "a: b", "*", "&x", "!t", "%", "@", "`", " space ", "two\nlines", "two\n\n lines\n", "\n", "\ttab", "\r\n", "\x85",
    "\u2028", "\ufeff", "\u200b", "'", '"', "\\", "{}", "[]", "|", ">", "Đặng Thị Ánh", "e\u0301", "👩\u200d💻",
    "\U0010ffff", "\x07",
]  # fmt: skip
texts = st.sampled_from(AWKWARD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40
)
names = texts.filter(bool)
addresses = st.just("") | st.from_regex(r"https?://[a-z]{3,20}\.example/[a-z/?=&%0-9]{0,20}", fullmatch=True)
digits = st.integers(10**8, 10**14).map(str)
times = st.times()
user_ids = st.text(
    st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters="/@:"), min_size=1, max_size=20
)


def few(elements, **options):
    return st.lists(elements, max_size=3, **options)


class Draw:
    """Fills a project with rows of every kind."""

    def __init__(self, data, project: Project, sounds: MemorySounds) -> None:
        self.data, self.project, self.sounds = data, project, sounds

    def __call__(self, strategy):
        return self.data.draw(strategy)

    def one_of(self, rows):
        return self(st.sampled_from([None, *rows]))

    def some_of(self, rows):
        return self(st.lists(st.sampled_from(rows), unique_by=lambda row: row.pk)) if rows else []

    def fill(self) -> None:
        hours = [self.hours(name) for name in self(few(names, unique=True))]
        greetings = [self.greeting() for _ in range(self(st.integers(0, 3)))]
        agents = [self.agent(user_id) for user_id in self(few(user_ids, unique=True))]
        groups = [self.group(agents) for _ in range(self(st.integers(0, 3)))]
        queues = [self.queue(hours, greetings, groups) for _ in range(self(st.integers(0, 3)))]
        trees = self.trees(greetings, queues)
        nodes = list(IvrNode.objects.filter(project=self.project).order_by("pk"))
        for queue in queues:
            for cause in self(few(st.sampled_from(OutcomeCause), unique=True)):
                self.outcome(queue, cause, queues, nodes, greetings)
        for number in self(few(digits, unique=True)):
            self.number(number, trees, queues)
        for number in self(few(digits, unique=True)):
            BlockedNumber.objects.create(
                project=self.project, number=number, ivr_blocked=self(st.booleans()), queue_blocked=self(st.booleans())
            )
        for number in self(few(digits, unique=True)):
            PriorityCaller.objects.create(
                project=self.project, number=number, priority=self(st.integers(1, 9)), note=self(texts)
            )
        extensions = st.none() | st.integers(1, MAX_EXTENSION)
        for user_name in self(few(user_ids, unique=True)):
            extension = self(extensions)
            if not SipAccount.objects.filter(project=self.project, extension=extension or 0).exists():
                SipAccount.objects.create(
                    project=self.project,
                    user_name=user_name,
                    extension=extension,
                    stringee_user_id=self(st.just("") | user_ids),
                    password=self(names),
                )
        CallSettings.objects.filter(project=self.project).update(
            get_customer_info_url=self(addresses),
            get_customer_info_timeout=self(st.integers(100, 10_000)),
            sms_gateway_url=self(addresses),
            missed_calls_limit=self(st.integers(0, 50)),
            outbound_prefixes=self(st.sampled_from(["", "84", "84 +1, 34"])),
            outbound_concurrency=self(st.integers(0, 10_000)),
            recording_retention_days=self(st.integers(0, 3650)),
        )

    def hours(self, name: str) -> BusinessHours:
        is_first = not BusinessHours.objects.filter(project=self.project, is_default=True).exists()
        hours = BusinessHours.objects.create(
            project=self.project,
            name=name,
            is_default=is_first and self(st.booleans()),
            enabled=self(st.booleans()),
            time_zone=self(st.sampled_from(["", "Europe/Madrid"])),
            holiday_country=self(st.sampled_from(["", "VN"])),
        )
        ranges = st.tuples(st.integers(0, 6), times, times)
        for weekday, opens, closes in self(few(ranges, unique_by=lambda r: r[:2])):
            OpeningRange.objects.create(project=self.project, hours=hours, weekday=weekday, opens=opens, closes=closes)
        open_days = st.tuples(st.dates(), st.none() | times)
        for date, opens in self(few(open_days, unique=True)):
            HoursException.objects.create(
                project=self.project,
                hours=hours,
                date=date,
                closed=opens is None,
                opens=opens,
                closes=None if opens is None else dt.time(23, 59, 59, 999999),
                note=self(texts),
            )
        return hours

    def greeting(self):
        return self.sounds.keep(
            self.project, self(st.binary(max_size=200)), desc1=self(texts), original_name=self(texts)
        )

    def agent(self, user_id: str) -> Agent:
        return Agent.objects.create(
            project=self.project,
            name=self(names),
            stringee_user_id=user_id,
            manual_status=self(st.none() | texts),
            routing_type=self(st.sampled_from(RoutingType)),
            phone_number=self(digits),
            allow_out_of_business_hour_callout=self(st.booleans()),
        )

    def group(self, agents) -> Group:
        group = Group.objects.create(project=self.project, name=self(names))
        for agent in self.some_of(agents):
            GroupMembership.objects.create(project=self.project, group=group, agent=agent)
        return group

    def queue(self, hours, greetings, groups) -> Queue:
        queue = Queue.objects.create(
            project=self.project,
            name=self(names),
            record_calls=self(st.booleans()),
            schedule=self(st.sampled_from(Schedule)),
            cond_routing=self(st.sampled_from(CondRouting)),
            business_hours=self.one_of(hours),
            wait_greeting=self.one_of(greetings),
            hold_greeting=self.one_of(greetings),
            maximum_queue_size=self(st.integers(0, 100_000)),
            get_list_agents_url=self(addresses),
            fall_back_to_groups=self(st.booleans()),
            last_agent_first=self(st.booleans()),
            announce_position=self(st.booleans()),
            announce_every_s=self(st.integers(10, 600)),
            voicemail_greeting=self.one_of(greetings),
            voicemail_prompt=self(texts),
        )
        for group in self.some_of(groups):
            GroupRouting.objects.create(
                project=self.project, queue=queue, group=group, primary_group=self(st.integers(0, 1))
            )
        return queue

    def outcome(self, queue, cause: OutcomeCause, queues, nodes, greetings) -> None:
        """Mostly an action with its target; the targets of other actions may be there as well."""
        to_queue, to_node = self.one_of([each for each in queues if each != queue]), self.one_of(nodes)
        greeting, message = self.one_of(greetings), self(texts)
        possible = {
            OutcomeAction.VOICEMAIL: True,
            OutcomeAction.QUEUE: to_queue,
            OutcomeAction.NUMBER: True,
            OutcomeAction.NODE: to_node,
            OutcomeAction.MESSAGE: greeting or message,
            OutcomeAction.HANG_UP: True,
        }
        QueueOutcome.objects.create(
            project=self.project,
            queue=queue,
            cause=cause,
            action=self(st.sampled_from([action for action, target in possible.items() if target])),
            to_queue=to_queue,
            to_number=self(digits),
            from_number=self(st.just("") | digits),
            to_node=to_node,
            message=message,
            greeting=greeting,
        )

    def trees(self, greetings, queues) -> list[IvrTree]:
        trees = [
            IvrTree.objects.create(project=self.project, tree_name=self(names)) for _ in range(self(st.integers(0, 2)))
        ]
        nodes = [self.node(tree, greetings) for tree in trees for _ in range(self(st.integers(0, 3)))]
        for tree in trees:
            tree.root_node = self.one_of(nodes)
            tree.save()
        for node in nodes:
            for key in self(few(st.sampled_from(Key), unique=True)):
                self.key(node, key, nodes, queues)
        return trees

    def node(self, tree: IvrTree, greetings) -> IvrNode:
        return IvrNode.objects.create(
            project=self.project,
            tree=tree,
            node_name=self(names),
            node_play_mode=self(st.sampled_from(PlayMode)),
            node_play_content=self(texts),
            greeting_file=self.one_of(greetings),
            barge_in=self(st.booleans()),
            sched=self(st.integers(0, 60_000)),
            speed=self(st.integers(-3, 3)),
        )

    def key(self, node: IvrNode, key: Key, nodes, queues) -> None:
        IvrKeyPress.objects.create(
            project=self.project,
            node=node,
            node_key=key,
            action=self(st.sampled_from(KeyAction)),
            next_node=self.one_of(nodes),
            queue=self.one_of(queues),
            to_phone_number=self(st.just("") | digits),
            sms=self(texts),
        )

    def number(self, number: str, trees, queues) -> None:
        Number.objects.create(
            project=self.project,
            number=number,
            nickname=self(texts),
            enable_ivr=self(st.booleans()),
            ivr_tree=self.one_of(trees),
            queue=self.one_of(queues),
            answer_url=self(addresses),
        )


# Without shrinking: with a database it takes minutes, and the printed draws show the project well enough.
@given(data=st.data())
@settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_export_import_export_is_identical_for_any_project(data):
    with transaction.atomic():
        sounds = MemorySounds()
        project = create_project(Account.objects.create(name="Any"), data.draw(names))
        project.country = data.draw(st.sampled_from(["VN", "ES"]))
        project.save()
        Draw(data, project, sounds).fill()
        with_secrets = data.draw(st.booleans())
        first = exported(project, sounds, with_secrets=with_secrets)

        outcome = imported(first, sounds)

        assert exported(outcome.project, sounds, with_secrets=with_secrets) == first
        transaction.set_rollback(True)


@given(given_names=st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (2) (2)", "b"]) | texts))
def test_handles_name_each_row_alone_and_keep_names_that_are_alone(given_names):
    handles = shapes.handles(given_names)
    assert len(set(handles)) == len(given_names)
    for name, handle in zip(given_names, handles, strict=True):
        assert handle.startswith(name)
        if given_names.count(name) == 1:
            assert handle == name


def test_the_second_and_third_of_the_same_name_are_numbered_past_names_that_look_like_it():
    assert shapes.handles(["a", "a", "a (2)", "a"]) == ["a", "a (3)", "a (2)", "a (4)"]
