"""IVR trees, their nodes, and the keys of nodes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet

from api.fields import Flag, GreetingReference, IdText, PhoneText, Reference, Text
from api.serializers import PageQuery, RowBody
from api.shapes import Bit, Identified, bit, identified
from api.views import Resource
from common.refusals import InvalidInput
from ivr import services
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree, KeyAction, PlayMode
from projects.models import Project
from queues.models import Queue


class TreeRow(Identified):
    tree_name: str
    root_node: str


def tree_row(tree: IvrTree, project: Project) -> TreeRow:
    return {
        **identified(tree, project),
        "tree_name": tree.tree_name,
        "root_node": tree.root_node.public_id if tree.root_node else "",
    }


class TreeBody(RowBody):
    class Meta:
        model = IvrTree
        fields: ClassVar = ["tree_name"]


class TreeQuery(PageQuery):
    id = IdText(source="public_id", required=False)


class TreeResource(Resource[IvrTree]):
    path = "ivrtree"
    noun = "ivr tree"
    id_key = "ivrTreeID"
    echoes_id_on_update = True
    list_message = "Load IVR tree success"
    array_key = "ivrTrees"
    model = IvrTree
    body = TreeBody
    query = TreeQuery
    row = staticmethod(tree_row)
    row_shape = TreeRow

    def rows(self) -> QuerySet[IvrTree]:
        return super().rows().select_related("root_node")


class NodeRow(Identified):
    tree: str
    node_name: str
    node_play_mode: str
    node_play_content: str
    bargeIn: Bit  # noqa: N815
    loop_count: int
    sched: int
    voice: str
    speed: int
    keypress_timeout: int


def node_row(node: IvrNode, project: Project) -> NodeRow:
    return {
        **identified(node, project),
        "tree": node.tree.public_id,
        "node_name": node.node_name,
        "node_play_mode": node.node_play_mode,
        "node_play_content": node.greeting_file.filename if node.greeting_file else node.node_play_content,
        "bargeIn": bit(node.barge_in),
        "loop_count": node.loop_count,
        "sched": node.sched,
        "voice": node.voice,
        "speed": node.speed,
        "keypress_timeout": node.keypress_timeout,
    }


class PlayContent(Text):
    """A text to speak or the file name of a greeting, as node_play_mode says."""

    names_row = True


class NodeBody(RowBody):
    tree = Reference(IvrTree, "ivr tree")
    node_play_content = PlayContent(
        max_length=IvrNode._meta.get_field("node_play_content").max_length,
        help_text="talk: the text. play: the file name of an uploaded greeting.",
    )
    bargeIn = Flag(source="barge_in", required=False, help_text="A key interrupts the announcement.")  # noqa: N815

    class Meta:
        model = IvrNode
        fields: ClassVar = [
            "tree",
            "node_name",
            "node_play_mode",
            "node_play_content",
            "bargeIn",
            "loop_count",
            "sched",
            "voice",
            "speed",
            "keypress_timeout",
        ]
        extra_kwargs: ClassVar = {"node_play_mode": {"required": True}}
        fixed = ("tree",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        plays = self.afterwards(attrs, "node_play_mode") == PlayMode.PLAY
        if plays and "node_play_content" in attrs:
            attrs["greeting_file"] = self._greeting(attrs.pop("node_play_content"))
        elif not (self._file_now() if plays else self.afterwards(attrs, "node_play_content")):
            mode = self.afterwards(attrs, "node_play_mode")
            raise InvalidInput(f"node_play_content is required when node_play_mode is {mode}.")
        return attrs

    def _greeting(self, filename: str) -> GreetingFile:
        field = GreetingReference(GreetingFile)
        field.bind("greeting_file", self)
        found: GreetingFile = field.run_validation(filename)
        return found

    def _file_now(self) -> GreetingFile | None:
        return self.instance.greeting_file if isinstance(self.instance, IvrNode) else None


class NodeQuery(PageQuery):
    id = IdText(source="public_id", required=False)
    tree = Reference(IvrTree, "ivr tree", required=False)


class NodeResource(Resource[IvrNode]):
    path = "ivrnode"
    noun = "ivr node"
    id_key = "ivrNodeID"
    echoes_id_on_update = True
    list_message = "Load IVR node success"
    array_key = "ivrNodes"
    model = IvrNode
    body = NodeBody
    query = NodeQuery
    row = staticmethod(node_row)
    row_shape = NodeRow
    save = staticmethod(services.save_node)
    save_new = staticmethod(services.add_node)
    remove = staticmethod(services.delete_node)
    created_keys: ClassVar = {"isRootNode": {"type": "boolean"}}

    def rows(self) -> QuerySet[IvrNode]:
        return super().rows().select_related("tree", "greeting_file")

    def created(self, node: IvrNode) -> dict[str, Any]:
        return {**super().created(node), "isRootNode": node.tree.root_node_id == node.pk}


class KeyRow(Identified):
    tree: str
    node: str
    node_key: str
    action: int
    next_node: str | None
    queue_id: str | None
    from_number_callout_to_agent: str | None
    to_phone_number: str | None
    sms: str | None


def key_row(key: IvrKeyPress, project: Project) -> KeyRow:
    return {
        **identified(key, project),
        "tree": key.tree.public_id,
        "node": key.node.public_id,
        "node_key": key.node_key,
        "action": key.action,
        "next_node": key.next_node.public_id if key.next_node else None,
        "queue_id": key.queue.public_id if key.queue else None,
        "from_number_callout_to_agent": key.from_number_callout_to_agent or None,
        "to_phone_number": key.to_phone_number or None,
        "sms": key.sms or None,
    }


class KeyBody(RowBody):
    node = Reference(IvrNode, "ivr node")
    next_node = Reference(IvrNode, "ivr node", required=False, help_text="For action 4; a node of the same tree.")
    queue_id = Reference(Queue, "queue", source="queue", required=False, help_text="For action 2.")
    from_number_callout_to_agent = PhoneText(required=False, max_length=32, help_text="For action 3: the caller ID.")
    to_phone_number = PhoneText(required=False, max_length=32, help_text="For action 3: who is called.")

    class Meta:
        model = IvrKeyPress
        fields: ClassVar = [
            "node",
            "node_key",
            "action",
            "next_node",
            "queue_id",
            "from_number_callout_to_agent",
            "to_phone_number",
            "sms",
        ]
        extra_kwargs: ClassVar = {"action": {"required": True}}
        fixed = ("node",)
        required_when = (
            ("queue_id", "action", KeyAction.QUEUE),
            ("to_phone_number", "action", KeyAction.FORWARD),
            ("next_node", "action", KeyAction.NODE),
        )


class KeyQuery(PageQuery):
    id = IdText(source="public_id", required=False)
    node = Reference(IvrNode, "ivr node")


class KeyResource(Resource[IvrKeyPress]):
    path = "ivrkeypress"
    noun = "ivr node key"
    id_key = "ivrNodeKeyID"
    echoes_id_on_update = True
    list_message = "Load IVR node key success"
    array_key = "ivrNodeKeys"
    model = IvrKeyPress
    body = KeyBody
    query = KeyQuery
    row = staticmethod(key_row)
    row_shape = KeyRow
    save = staticmethod(services.save_key)

    def rows(self) -> QuerySet[IvrKeyPress]:
        return super().rows().select_related("tree", "node", "next_node", "queue")
