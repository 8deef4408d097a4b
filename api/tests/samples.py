"""One row of everything, and for every resource a body that creates and one that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditlog.models import LogEntry
from django.apps import apps

from agents.models import Agent, Group, GroupMembership, SipAccount
from api import resources
from api.schema import Description
from api.views import ApiView
from calls.models import Call as CallModel
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, KeyAction
from numbers_app.models import BlockedNumber, Number
from projects.models import Project, Tenanted
from queues.models import Queue
from routing.models import GroupRouting
from tests import factories


@dataclass(frozen=True)
class World:
    """A project in which everything is there once, and once more where something must be free to link to."""

    project: Project
    agent: Agent
    free_agent: Agent
    group: Group
    free_group: Group
    membership: GroupMembership
    queue: Queue
    routing: GroupRouting
    tree: IvrTree
    node: IvrNode
    free_node: IvrNode
    key: IvrKeyPress
    greeting: GreetingFile
    number: Number
    blocked: BlockedNumber
    sip: SipAccount
    call: CallModel


def world(project: Project) -> World:
    def new(factory: Any, **values: Any) -> Any:
        return factory(project=project, **values)

    agent, free_agent = (new(factories.AgentFactory) for _ in range(2))
    group, free_group = (new(factories.GroupFactory) for _ in range(2))
    greeting = new(factories.GreetingFileFactory)
    queue = new(factories.QueueFactory, wait_greeting=greeting)
    tree = new(factories.IvrTreeFactory)
    node, free_node = (new(factories.IvrNodeFactory, tree=tree) for _ in range(2))
    tree.root_node = node
    tree.save()
    return World(
        project=project,
        agent=agent,
        free_agent=free_agent,
        group=group,
        free_group=free_group,
        membership=new(factories.GroupMembershipFactory, group=group, agent=agent),
        queue=queue,
        routing=new(factories.GroupRoutingFactory, queue=queue, group=group),
        tree=tree,
        node=node,
        free_node=free_node,
        key=new(factories.IvrKeyPressFactory, node=node, action=KeyAction.QUEUE, queue=queue),
        greeting=greeting,
        number=new(factories.NumberFactory, queue=queue),
        blocked=new(factories.BlockedNumberFactory),
        sip=new(factories.SipAccountFactory, extension=100),
        call=new(factories.CallFactory),
    )


Body = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Sample:
    """`id` of the row of a world; bodies for its resource, which name rows of the given world."""

    id: Callable[[World], str]
    create: Body
    update: Body = lambda w: {}


SAMPLES: dict[str, Sample] = {
    "agent": Sample(
        lambda w: w.free_agent.public_id,
        lambda w: {"name": "Lan", "stringee_user_id": "lan"},
        lambda w: {"name": "Lan (desk 3)"},
    ),
    "group": Sample(lambda w: w.free_group.public_id, lambda w: {"name": "Sales"}, lambda w: {"name": "Support"}),
    "manage-agents-in-group": Sample(
        lambda w: "", lambda w: {"agent_id": w.free_agent.public_id, "group_id": w.free_group.public_id}
    ),
    "queue": Sample(
        lambda w: w.queue.public_id,
        lambda w: {"name": "English", "hold_greeting": w.greeting.filename},
        lambda w: {"name": "Spanish", "hold_greeting": w.greeting.filename},
    ),
    "routing-call-to-groups": Sample(
        lambda w: w.routing.public_id,
        lambda w: {"queue_id": w.queue.public_id, "group_id": w.free_group.public_id, "primary_group": 0},
        lambda w: {"primary_group": 0},
    ),
    "number": Sample(
        lambda w: w.number.public_id,
        lambda w: {"number": "842473082686", "enable_ivr": True, "ivr_menu": w.tree.public_id},
        lambda w: {"nickname": "Head office", "enable_ivr": True, "ivr_menu": w.tree.public_id},
    ),
    "blacklistnumber": Sample(
        lambda w: w.blocked.public_id,
        lambda w: {"number": "84909982888", "ivr_blocked": 1},
        lambda w: {"ivr_blocked": 0},
    ),
    "ivrtree": Sample(
        lambda w: w.tree.public_id, lambda w: {"tree_name": "Welcome"}, lambda w: {"tree_name": "Good day"}
    ),
    "ivrnode": Sample(
        lambda w: w.free_node.public_id,
        lambda w: {
            "tree": w.tree.public_id,
            "node_name": "Music",
            "node_play_mode": "play",
            "node_play_content": w.greeting.filename,
        },
        lambda w: {"node_play_mode": "play", "node_play_content": w.greeting.filename},
    ),
    "ivrkeypress": Sample(
        lambda w: w.key.public_id,
        lambda w: {"node": w.node.public_id, "node_key": "2", "action": 4, "next_node": w.free_node.public_id},
        lambda w: {"action": 4, "next_node": w.free_node.public_id},
    ),
    "greetingfile": Sample(lambda w: w.greeting.sid, lambda w: {}),
    "callsettings": Sample(lambda w: "", lambda w: {}, lambda w: {"event_url": "https://crm.example.net/events"}),
    "ipphonecommon": Sample(
        lambda w: w.sip.user_name,
        lambda w: {"user_name": "lan", "password": "desk phone", "extension": 101},
        lambda w: {"extension": 102, "password": "other"},
    ),
    "sipphone": Sample(
        lambda w: w.sip.login, lambda w: {"username": "lan", "password": "desk phone"}, lambda w: {"extension": 103}
    ),
    "call/callout": Sample(
        lambda w: "",
        lambda w: {
            "agentUserId": w.agent.stringee_user_id,
            "toAgentFromNumberDisplay": w.number.number,
            "toAgentFromNumberDisplayAlias": "ticket 7",
            "toCustomerFromNumber": w.number.number,
            "customerNumber": "84900000012",
        },
    ),
    "call/transfer": Sample(
        lambda w: "",
        lambda w: {"callId": w.call.call_id, "to": {"type": "internal", "number": "minh", "alias": "minh"}},
    ),
    "call/log": Sample(lambda w: w.call.call_id, lambda w: {}),
    "call/recording": Sample(lambda w: w.call.call_id, lambda w: {}),
    "call/play": Sample(lambda w: w.call.call_id, lambda w: {}),
    "call2/callout": Sample(
        lambda w: "",
        lambda w: {
            "from": {"type": "external", "number": w.number.number, "alias": ""},
            "to": [{"type": "external", "number": "84900000012", "alias": ""}],
            "actions": [{"action": "talk", "text": "Your code is 1 2 3."}],
        },
    ),
    "call2/putactions": Sample(
        lambda w: "",
        lambda w: {"callId": w.call.call_id, "actions": [{"action": "talk", "text": "Good day."}]},
    ),
    "call2/stop": Sample(lambda w: "", lambda w: {"callId": w.call.call_id}),
    "call2/transfer": Sample(
        lambda w: "",
        lambda w: {"callId": w.call.call_id, "to": {"type": "external", "number": "84909982888"}},
    ),
    "call2/adduser": Sample(
        lambda w: "",
        lambda w: {
            "callId": w.call.call_id,
            "from": {"type": "external", "number": w.number.number, "alias": ""},
            "to": {"type": "external", "number": "84909982888", "alias": ""},
            "spyCall": False,
        },
    ),
    "call2/whisper": Sample(lambda w: "", lambda w: {"callId": w.call.call_id, "userId": w.agent.stringee_user_id}),
    "users": Sample(lambda w: "", lambda w: {}),
    "pushtoken": Sample(lambda w: "", lambda w: {"userId": "lan", "deviceToken": "token of an app"}),
    "agent-wrapup": Sample(lambda w: w.free_agent.public_id, lambda w: {"action": "end"}),
}

# What a field that names another row holds, by the field's name; `id` is the resource's own row.
NAMED: dict[str, Callable[[World], str]] = {
    "agent_id": lambda w: w.agent.public_id,
    "group_id": lambda w: w.group.public_id,
    "group": lambda w: w.group.public_id,
    "queue_id": lambda w: w.queue.public_id,
    "queue": lambda w: w.queue.public_id,
    "tree": lambda w: w.tree.public_id,
    "ivr_menu": lambda w: w.tree.public_id,
    "node": lambda w: w.node.public_id,
    "next_node": lambda w: w.free_node.public_id,
    "wait_greeting": lambda w: w.greeting.filename,
    "hold_greeting": lambda w: w.greeting.filename,
    "voicemail_greeting": lambda w: w.greeting.filename,
    "node_play_content": lambda w: w.greeting.filename,
    "sid": lambda w: w.greeting.sid,
    "username": lambda w: w.sip.user_name,
    "callId": lambda w: w.call.call_id,
}

# Fields that count only when others have a certain value.
TOGETHER_WITH: dict[tuple[str, str], dict[str, Any]] = {
    ("number", "queue_id"): {"enable_ivr": False},
    ("ivrkeypress", "queue_id"): {"action": 2},
}


@dataclass(frozen=True)
class Call:
    """A method at an address of a resource."""

    resource: type[ApiView]
    method: str
    action: str
    on_item: bool

    def __str__(self) -> str:
        return f"{self.method} {self.resource.path}{'/id' if self.on_item else ''}"

    @property
    def changes_rows(self) -> bool:
        """Whether the call, as `body` fills it, writes; uploads need a file and are tested with greetings."""
        return self.method != "GET" and not self.described.raw_body

    @property
    def described(self) -> Description:
        return self.resource().describe(self.action)

    def required_filters(self, of: World) -> dict[str, str]:
        """What a list must be asked with."""
        fields: Mapping[str, Any] = self.described.query().fields if self.described.query else {}
        return {name: NAMED[name](of) for name, field in fields.items() if field.required}

    def path(self, id: str) -> str:
        return f"/v1/{self.resource.path}" + (f"/{id}" if self.on_item else "")

    def body(self, of: World) -> dict[str, Any] | None:
        """A body that would be accepted; None where there is no JSON body."""
        sample = SAMPLES[self.resource.path]
        match self.action:
            case "create" | "change" if self.described.body:
                return sample.create(of)
            case "update":
                return sample.update(of)
            case "destroy" if self.described.body:
                return {"agent_id": of.agent.public_id, "group_id": of.group.public_id}
            case "forget":
                return {"deviceToken": "token of an app"}
            case "destroy_named":
                return {"sid": of.greeting.sid}
        return None


def calls() -> Iterator[Call]:
    """Everything that `/v1` does for a project."""
    for resource in resources.ALL:
        for on_item, actions in ((False, resource.collection), (True, resource.item)):
            for method, action in actions.items():
                yield Call(resource, method.upper(), action, on_item)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every project, and of the history: equal before and after means that nothing was written."""
    tenanted = [model for model in apps.get_models() if issubclass(model, Tenanted)]
    models: list[Any] = [*tenanted, LogEntry]
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in models}
