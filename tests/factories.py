"""Rows for tests. Every factory takes `project=`; ids and defaults are those of the models."""

from __future__ import annotations

import datetime as dt

import factory
from factory.django import DjangoModelFactory

from agents.models import Agent, Group, GroupMembership, SipAccount
from calls.domain import CallState, Direction
from calls.models import Call, Recording, RecordingKind, RecordingState
from common import clock
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, Key, KeyAction
from numbers_app.models import BlockedNumber, Number, PriorityCaller
from projects import services
from projects.models import Account, Member, Project, Role, User
from queues.models import BusinessHours, OutcomeAction, OutcomeCause, Queue, QueueEntry, QueueOutcome
from routing.models import AgentListQuestion, GroupRouting
from webhooks.domain import DeliveryState, QuestionState, SmsState
from webhooks.models import Attempt, Delivery, EventKind, Purpose, Question, Sms

PASSWORD = "correct horse battery"


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n}")


class ProjectFactory(DjangoModelFactory):
    """A project as `projects.services.create_project` makes it, with call settings and one API key."""

    class Meta:
        model = Project

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Project {n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return services.create_project(kwargs.pop("account"), kwargs.pop("name"), **kwargs)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    is_staff = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(password=PASSWORD, **kwargs)


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = Member

    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class AgentFactory(DjangoModelFactory):
    class Meta:
        model = Agent

    name = factory.Sequence(lambda n: f"Agent {n}")
    stringee_user_id = factory.Sequence(lambda n: f"agent_{n}")


class FreeAgentFactory(AgentFactory):
    """An agent whom calls reach on the own phone, from the first moment."""

    manual_status = "AVAILABLE"
    routing_type = 2
    phone_number = factory.Sequence(lambda n: f"8490998{n:05d}")


class GroupFactory(DjangoModelFactory):
    class Meta:
        model = Group

    name = factory.Sequence(lambda n: f"Group {n}")


class GroupMembershipFactory(DjangoModelFactory):
    class Meta:
        model = GroupMembership


class SipAccountFactory(DjangoModelFactory):
    class Meta:
        model = SipAccount

    user_name = factory.Sequence(lambda n: f"desk{n}")
    password = "desk-phone-password"


class BusinessHoursFactory(DjangoModelFactory):
    class Meta:
        model = BusinessHours

    name = factory.Sequence(lambda n: f"Hours {n}")


class QueueFactory(DjangoModelFactory):
    class Meta:
        model = Queue

    name = factory.Sequence(lambda n: f"Queue {n}")


class QueueOutcomeFactory(DjangoModelFactory):
    class Meta:
        model = QueueOutcome

    cause = OutcomeCause.FULL
    action = OutcomeAction.HANG_UP


class GroupRoutingFactory(DjangoModelFactory):
    class Meta:
        model = GroupRouting


class GreetingFileFactory(DjangoModelFactory):
    """A row without its audio on disk; tests that play it upload a real file instead."""

    class Meta:
        model = GreetingFile

    filename = factory.Sequence(lambda n: f"ABCDEFGHJK-{1718000000000 + n}.mp3")
    size_bytes = 1000
    duration_ms = 1500
    peaks = factory.LazyFunction(lambda: [0, 50, 100, 50])


class IvrTreeFactory(DjangoModelFactory):
    class Meta:
        model = IvrTree

    tree_name = factory.Sequence(lambda n: f"Tree {n}")


class IvrNodeFactory(DjangoModelFactory):
    class Meta:
        model = IvrNode

    node_name = factory.Sequence(lambda n: f"Node {n}")
    node_play_content = "Press 1 for sales."


class IvrKeyPressFactory(DjangoModelFactory):
    class Meta:
        model = IvrKeyPress

    node_key = Key.KEY_1
    action = KeyAction.HANG_UP


class NumberFactory(DjangoModelFactory):
    class Meta:
        model = Number

    number = factory.Sequence(lambda n: f"8424730{n:05d}")


class BlockedNumberFactory(DjangoModelFactory):
    class Meta:
        model = BlockedNumber

    number = factory.Sequence(lambda n: f"8490990{n:05d}")


class PriorityCallerFactory(DjangoModelFactory):
    class Meta:
        model = PriorityCaller

    number = factory.Sequence(lambda n: f"8490970{n:05d}")


class CallFactory(DjangoModelFactory):
    """A call that has just come in."""

    class Meta:
        model = Call

    direction = Direction.INBOUND
    state = CallState.RINGING_IN
    from_number = factory.Sequence(lambda n: f"8490800{n:05d}")
    to_number = "842473000001"
    created_at = factory.LazyFunction(clock.now)


class QueueEntryFactory(DjangoModelFactory):
    """A call that waits in a queue."""

    class Meta:
        model = QueueEntry

    call = factory.SubFactory(CallFactory, project=factory.SelfAttribute("..project"), state=CallState.WAITING)
    enqueued_at = factory.LazyFunction(clock.now)
    entered_at = factory.SelfAttribute("enqueued_at")
    ready_at = factory.SelfAttribute("enqueued_at")
    backup_opens_at = factory.SelfAttribute("enqueued_at")


class RecordingFactory(DjangoModelFactory):
    """A conversation that was recorded; its file is made by tests that play it."""

    class Meta:
        model = Recording

    call = factory.SubFactory(CallFactory, project=factory.SelfAttribute("..project"))
    kind = RecordingKind.CONVERSATION
    state = RecordingState.READY
    file = factory.Sequence(lambda n: f"recordings/{n}.mp3")
    size_bytes = 16_000
    duration_ms = 8_000
    started_at = factory.LazyFunction(clock.now)


class DeliveryFactory(DjangoModelFactory):
    """An event that is owed to a customer's server."""

    class Meta:
        model = Delivery

    event_id = factory.Sequence(lambda n: f"EVENT{n:05d}-1772442000000")
    kind = EventKind.CALL_EVENT
    url = "https://crm.example/hook"
    endpoint = "https://crm.example:443/hook"
    body = '{"call_status":"answered","event_id":"EVENT"}'
    state = DeliveryState.PENDING
    created_at = factory.LazyFunction(clock.now)
    next_attempt_at = factory.SelfAttribute("created_at")
    give_up_at = factory.LazyAttribute(lambda row: row.created_at + dt.timedelta(days=4))


class AttemptFactory(DjangoModelFactory):
    """An attempt that the customer's server accepted."""

    class Meta:
        model = Attempt

    delivery = factory.SubFactory(DeliveryFactory, project=factory.SelfAttribute("..project"))
    at = factory.LazyFunction(clock.now)
    duration_ms = 25
    status = 200


class QuestionFactory(DjangoModelFactory):
    """A question that a customer's server has answered."""

    class Meta:
        model = Question

    purpose = Purpose.CUSTOMER_INFO
    method = "GET"
    url = "https://crm.example/who"
    query = factory.LazyFunction(lambda: {"from": "84909982888"})
    created_at = factory.LazyFunction(clock.now)
    deadline_at = factory.LazyAttribute(lambda row: row.created_at + dt.timedelta(seconds=2))
    asked_at = factory.SelfAttribute("created_at")
    state = QuestionState.ANSWERED
    answer = '{"name":"Mai"}'
    status = 200
    duration_ms = 40


class SmsFactory(DjangoModelFactory):
    """A text message that went out."""

    class Meta:
        model = Sms

    to_number = factory.Sequence(lambda n: f"8490900{n:05d}")
    from_number = "842473000001"
    text = "Thank you for your call."
    created_at = factory.LazyFunction(clock.now)
    finished_at = factory.SelfAttribute("created_at")
    state = SmsState.SENT
    attempts = 1
    status = 200


class AgentListQuestionFactory(DjangoModelFactory):
    """A question to an agent list URL that was answered, and named nobody."""

    class Meta:
        model = AgentListQuestion

    queue = factory.SubFactory(QueueFactory, project=factory.SelfAttribute("..project"))
    url = "https://crm.example/agents"
    asked_at = factory.LazyFunction(clock.now)
    duration_ms = 30
    calls = 1
    request = '{"queueId":"QU","calls":[],"projectId":1}'
    state = "answered"
    status = 200
    answer = '{"version":2,"calls":[]}'
