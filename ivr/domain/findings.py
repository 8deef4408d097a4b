"""What the linter can say about a tree. The words for people are made elsewhere, in their language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.domain.tree import NodeId


class Severity(StrEnum):
    ERROR = "error"  # callers get lost, or hear nothing
    WARNING = "warning"  # callers may be misled, or something can never happen
    HINT = "hint"  # it works, and could be better


class Code(StrEnum):
    """One kind of finding. In brackets: where it is found, and the `detail` that comes with it."""

    ROOT_MISSING = "root_missing"  # [tree]
    NO_NODES = "no_nodes"  # [tree]
    NUMBER_WITH_EMPTY_TREE = "number_with_empty_tree"  # [number]
    NEXT_NODE_MISSING = "next_node_missing"  # [key]
    NEXT_NODE_ELSEWHERE = "next_node_elsewhere"  # [key]
    QUEUE_MISSING = "queue_missing"  # [key]
    QUEUE_UNSERVED = "queue_unserved"  # [key; queue name]
    DESTINATION_MISSING = "destination_missing"  # [key]
    DESTINATION_INVALID = "destination_invalid"  # [key; as typed]
    CALLER_ID_MISSING = "caller_id_missing"  # [key]
    CALLER_ID_NOT_OURS = "caller_id_not_ours"  # [key; as typed]
    SMS_WITHOUT_TEXT = "sms_without_text"  # [key]
    SMS_WITHOUT_GATEWAY = "sms_without_gateway"  # [key]
    TEXT_EMPTY = "text_empty"  # [node]
    NO_SPEECH = "no_speech"  # [node]
    LANGUAGE_NOT_SPOKEN = "language_not_spoken"  # [node; code of the language]
    SPEECH_FAILED = "speech_failed"  # [node]
    AUDIO_MISSING = "audio_missing"  # [node]
    AUDIO_UNREADABLE = "audio_unreadable"  # [node; file name]
    LOOP_WITHOUT_EXIT = "loop_without_exit"  # [first node; all nodes of the loop]
    UNREACHABLE_NODE = "unreachable_node"  # [node]
    NODE_WITHOUT_KEYS = "node_without_keys"  # [node]
    TEXT_NAMES_UNKNOWN_KEY = "text_names_unknown_key"  # [node; the key]
    KEY_NOT_IN_TEXT = "key_not_in_text"  # [key]
    NO_EMPTY_KEY = "no_empty_key"  # [node]


SEVERITY = {
    Code.ROOT_MISSING: Severity.ERROR,
    Code.NO_NODES: Severity.WARNING,
    Code.NUMBER_WITH_EMPTY_TREE: Severity.ERROR,
    Code.NEXT_NODE_MISSING: Severity.ERROR,
    Code.NEXT_NODE_ELSEWHERE: Severity.ERROR,
    Code.QUEUE_MISSING: Severity.ERROR,
    Code.QUEUE_UNSERVED: Severity.ERROR,
    Code.DESTINATION_MISSING: Severity.ERROR,
    Code.DESTINATION_INVALID: Severity.ERROR,
    Code.CALLER_ID_MISSING: Severity.ERROR,
    Code.CALLER_ID_NOT_OURS: Severity.ERROR,
    Code.SMS_WITHOUT_TEXT: Severity.ERROR,
    Code.TEXT_EMPTY: Severity.ERROR,
    Code.NO_SPEECH: Severity.ERROR,
    Code.LANGUAGE_NOT_SPOKEN: Severity.ERROR,
    Code.SPEECH_FAILED: Severity.ERROR,
    Code.AUDIO_MISSING: Severity.ERROR,
    Code.AUDIO_UNREADABLE: Severity.ERROR,
    Code.LOOP_WITHOUT_EXIT: Severity.ERROR,
    Code.SMS_WITHOUT_GATEWAY: Severity.WARNING,
    Code.UNREACHABLE_NODE: Severity.WARNING,
    Code.NODE_WITHOUT_KEYS: Severity.WARNING,
    Code.TEXT_NAMES_UNKNOWN_KEY: Severity.WARNING,
    Code.KEY_NOT_IN_TEXT: Severity.HINT,
    Code.NO_EMPTY_KEY: Severity.HINT,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: a key of a node, a node, a number, or, when all are None, the tree itself."""

    node: NodeId | None = None
    key: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or could be better, in one place of a tree."""

    code: Code
    place: Place = Place()
    detail: str = ""
    nodes: tuple[NodeId, ...] = ()

    @property
    def severity(self) -> Severity:
        return SEVERITY[self.code]
