"""Trees in words, in the language of the reader: keys, what they do, and what the linter finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ivr.domain.findings import Code, Finding, Place, Severity
from ivr.domain.tree import EMPTY_KEY, INVALID_KEY, Action, KeyPress, NodeId, Play, Queue, QueueId, Talk, Tree
from ivr.models import Key
from sounds.words import FAILED, LANGUAGES, NO_SPEECH, NOT_SPOKEN

_KEY_IN_ID = {"*": "star", "#": "hash", EMPTY_KEY: "none", INVALID_KEY: "other"}

# Said at the place where it was found; in a list, the place goes before it.
_TEXTS: Mapping[Code, str | Promise] = {
    Code.ROOT_MISSING: gettext_lazy("No node is the first one, so calls cannot start. Choose “Start here” at a node."),
    Code.NO_NODES: gettext_lazy("The tree has no nodes yet. Create the first one."),
    Code.NUMBER_WITH_EMPTY_TREE: gettext_lazy("Calls to %(detail)s come to this tree, and it is empty."),
    Code.NEXT_NODE_MISSING: gettext_lazy("Leads nowhere. Choose the next node."),
    Code.NEXT_NODE_ELSEWHERE: gettext_lazy(
        "Leads to a node of another tree, where calls cannot go. Choose another node."
    ),
    Code.QUEUE_MISSING: gettext_lazy("Leads nowhere. Choose a queue."),
    Code.QUEUE_UNSERVED: gettext_lazy("Nobody serves the queue %(detail)s. Give it a group with “Group routing”."),
    Code.DESTINATION_MISSING: gettext_lazy("Forwards nowhere. Enter a phone number."),
    Code.DESTINATION_INVALID: gettext_lazy("“%(detail)s” is not a phone number."),
    Code.CALLER_ID_MISSING: gettext_lazy("Forwards without a caller ID. Choose one of your numbers."),
    Code.CALLER_ID_NOT_OURS: gettext_lazy("The caller ID %(detail)s is not one of your numbers."),
    Code.SMS_WITHOUT_TEXT: gettext_lazy("Sends an SMS without a text."),
    Code.SMS_WITHOUT_GATEWAY: gettext_lazy(
        "Sends an SMS, but no gateway is configured, so nothing goes out. Enter one in the call settings."
    ),
    Code.TEXT_EMPTY: gettext_lazy("Callers hear nothing. Enter the text to speak."),
    Code.NO_SPEECH: NO_SPEECH,
    Code.LANGUAGE_NOT_SPOKEN: NOT_SPOKEN,
    Code.SPEECH_FAILED: FAILED,
    Code.AUDIO_MISSING: gettext_lazy("Callers hear nothing. Choose a greeting file."),
    Code.AUDIO_UNREADABLE: gettext_lazy("The audio of %(detail)s is missing or damaged. Upload it again."),
    Code.LOOP_WITHOUT_EXIT: gettext_lazy("Callers can only go round, no key leads out: %(nodes)s."),
    Code.UNREACHABLE_NODE: gettext_lazy("No key leads here, so callers never hear it."),
    Code.NODE_WITHOUT_KEYS: gettext_lazy("Has no keys, so the call ends after the announcement."),
    Code.TEXT_NAMES_UNKNOWN_KEY: gettext_lazy("The text names key %(detail)s, which does nothing here."),
    Code.KEY_NOT_IN_TEXT: gettext_lazy("The text does not mention this key."),
    Code.NO_EMPTY_KEY: gettext_lazy(
        "Nothing is set for callers who press no key. They hear it again, then the call ends."
    ),
}


def key_name(key: str) -> str:
    """A key for people: `key 1`, `No key pressed`, `Any other key`."""
    if key in (EMPTY_KEY, INVALID_KEY):
        return str(Key(key).label)
    return _("key %(key)s") % {"key": key}


def short_key_name(key: str) -> str:
    """A key where there is little room: `Key 1`, `No key`, `Other key`."""
    return {EMPTY_KEY: _("No key"), INVALID_KEY: _("Other key")}.get(key) or capfirst(key_name(key))


def place_id(place: Place) -> str:
    """The `id` of the element of the tree's page that shows a place."""
    if place.key is not None:
        return f"key-{place.node}-{_KEY_IN_ID.get(place.key, place.key)}"
    if place.node is not None:
        return f"node-{place.node}"
    return "used-by" if place.number is not None else "tree-outline"


@dataclass(frozen=True)
class Told:
    """A finding in words: `text` says it where it was found, `in_full` anywhere."""

    finding: Finding
    text: str
    in_full: str

    @property
    def severity(self) -> Severity:
        return self.finding.severity

    @property
    def place_id(self) -> str:
        return place_id(self.finding.place)


class Words:
    """One tree in words."""

    def __init__(self, tree: Tree, queues: Mapping[QueueId, Queue]) -> None:
        self.tree, self.queues = tree, queues

    @cached_property
    def names(self) -> dict[NodeId, str]:
        return {node.id: node.name for node in self.tree.nodes}

    def told(self, finding: Finding) -> Told:
        """A finding as a sentence that says what to do."""
        nodes = ", ".join(self.names[node] for node in finding.nodes)
        detail = finding.detail
        if finding.code is Code.LANGUAGE_NOT_SPOKEN:
            detail = str(LANGUAGES[detail])
        text = str(_TEXTS[finding.code]) % {"detail": detail, "nodes": nodes}
        place = self._place(finding.place)
        return Told(finding, text, _("%(place)s: %(text)s") % {"place": place, "text": text} if place else text)

    def _place(self, place: Place) -> str:
        """A node or key by name; empty for what concerns the whole tree."""
        if place.node is None:
            return ""
        node = self.names[place.node]
        return _("%(node)s, %(key)s") % {"node": node, "key": key_name(place.key)} if place.key else node

    def target(self, key: KeyPress) -> str:
        """Where a key leads, e.g. `Queue: Support`."""
        match key.action:
            case Action.NODE:
                return self._next_node(key)
            case Action.QUEUE:
                queue = self.queues.get(key.queue) if key.queue else None
                return _("Queue: %(name)s") % {"name": queue.name} if queue else _("Queue: none chosen")
            case Action.FORWARD:
                given = key.destination.given
                return _("Forward to %(number)s") % {"number": given} if given else _("Forward: no number")
            case Action.SMS:
                return _("SMS: %(text)s") % {"text": key.sms} if key.sms.strip() else _("SMS without a text")
            case Action.VOICEMAIL:
                return _("Voicemail")
            case Action.HANG_UP:
                return _("End call")

    def short_target(self, key: KeyPress) -> str:
        """Where a key leads, beside a sign that says of what kind that is: `Support`."""
        queue = self.queues.get(key.queue) if key.queue else None
        short = {
            Action.QUEUE: queue.name if queue else "",
            Action.FORWARD: key.destination.given,
            Action.SMS: key.sms.strip(),
        }
        return short.get(key.action) or self.target(key)

    def _next_node(self, key: KeyPress) -> str:
        if key.next_node is None:
            return _("Next node: none chosen")
        return self.names.get(key.next_node) or _("A node of another tree")

    def announcement(self, said: Talk | Play) -> str:
        """What callers hear at a node, in a line."""
        match said:
            case Talk(text):
                return text.strip() or _("No text")
            case Play(None):
                return _("No greeting file")
            case Play(str(name)):
                return name
        raise AssertionError(said)  # there is no third kind
