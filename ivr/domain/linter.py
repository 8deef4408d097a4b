"""What is wrong with a tree, before a caller finds out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from ivr.domain.findings import Code, Finding, Place, Severity
from ivr.domain.paths import loops_without_exit, walk_from_entries
from ivr.domain.spoken_keys import keys_asked_for, keys_heard_in
from ivr.domain.tree import (
    DIALLED_KEYS,
    EMPTY_KEY,
    KEY_ORDER,
    Action,
    KeyPress,
    Node,
    NodeId,
    Play,
    Queue,
    QueueId,
    Talk,
    Tree,
    in_key_order,
)
from sounds.spoken_language import LANGUAGES, passages


def lint(
    tree: Tree,
    queues: Mapping[QueueId, Queue],
    our_numbers: AbstractSet[str],
    *,
    sends_sms: bool = True,
    spoken: AbstractSet[str] = frozenset(LANGUAGES),
) -> tuple[Finding, ...]:
    """Everything that is wrong with a tree or could be better.

    What callers cannot meet is reported once, as unreachable, and not looked into; where they cannot enter at all,
    every node is looked into. `our_numbers` are the digits of the numbers that may be shown as caller IDs; `sends_sms`
    says whether text messages have a way out; `spoken` are the languages in which texts can be spoken.
    Order: errors, warnings, hints; in each the tree, its numbers, then the nodes as callers meet them; the same however
    nodes and keys are stored.
    Cost: linear in nodes, keys and texts, and one sort of the nodes that nobody can reach.
    """
    nodes = tree.by_id
    looked_into = list(walk_from_entries(tree)) or sorted(nodes)
    findings = [*_of_the_tree(tree)]
    loops = {loop[0]: loop for loop in loops_without_exit(tree, looked_into)}
    for node in looked_into:
        if node in loops:
            findings.append(Finding(Code.LOOP_WITHOUT_EXIT, Place(node), nodes=loops[node]))
        findings.extend(_of_speech(nodes[node], spoken))
        findings.extend(_of_node(nodes[node], nodes, queues, our_numbers, sends_sms))
    findings.extend(Finding(Code.UNREACHABLE_NODE, Place(node)) for node in sorted(nodes.keys() - set(looked_into)))
    return tuple(finding for severity in Severity for finding in findings if finding.severity is severity)


def _of_the_tree(tree: Tree) -> Iterator[Finding]:
    if not tree.nodes:
        yield Finding(Code.NO_NODES)
        for number in sorted(tree.numbers, key=lambda number: number.id):
            yield Finding(Code.NUMBER_WITH_EMPTY_TREE, Place(number=number.id), number.given)
    elif tree.root not in {node.id for node in tree.nodes}:
        yield Finding(Code.ROOT_MISSING)


def _of_node(
    node: Node,
    nodes: Mapping[NodeId, Node],
    queues: Mapping[QueueId, Queue],
    our_numbers: AbstractSet[str],
    sends_sms: bool,
) -> Iterator[Finding]:
    yield from _of_announcement(node)
    if not node.keys:
        yield Finding(Code.NODE_WITHOUT_KEYS, Place(node.id))
    elif all(key.key != EMPTY_KEY for key in node.keys):
        yield Finding(Code.NO_EMPTY_KEY, Place(node.id))
    for key in in_key_order(node.keys):
        place = Place(node.id, key.key)
        match key.action:
            case Action.NODE:
                yield from _of_next_node(key, place, nodes)
            case Action.QUEUE:
                yield from _of_queue(key, place, queues)
            case Action.FORWARD:
                yield from _of_forwarding(key, place, our_numbers)
            case Action.SMS:
                yield from _of_sms(key, place, sends_sms)


def _of_announcement(node: Node) -> Iterator[Finding]:
    match node.announcement:
        case Talk(text) if not any(letter.isalnum() for letter in text):
            yield Finding(Code.TEXT_EMPTY, Place(node.id))
        case Talk(text):
            yield from _of_text(node, text)
        case Play(None):
            yield Finding(Code.AUDIO_MISSING, Place(node.id))
        case Play(str(file_name), readable=False):
            yield Finding(Code.AUDIO_UNREADABLE, Place(node.id), file_name)


def _of_speech(node: Node, spoken: AbstractSet[str]) -> Iterator[Finding]:
    """What callers would not hear, because nothing here speaks it, or because it could not be spoken."""
    if not isinstance(node.announcement, Talk):
        return
    languages = dict.fromkeys(passage.language for passage in passages(node.announcement.text, node.voice))
    missing = [language for language in languages if language not in spoken]
    if missing and not spoken:
        yield Finding(Code.NO_SPEECH, Place(node.id))
    elif missing:
        yield from (Finding(Code.LANGUAGE_NOT_SPOKEN, Place(node.id), language) for language in missing)
    elif not node.announcement.speakable:
        yield Finding(Code.SPEECH_FAILED, Place(node.id))


def _of_text(node: Node, text: str) -> Iterator[Finding]:
    """Compare what the announcement says with the keys that there are."""
    there = {key.key for key in node.keys}
    for key in sorted(keys_asked_for(text) - there, key=KEY_ORDER.__getitem__):
        yield Finding(Code.TEXT_NAMES_UNKNOWN_KEY, Place(node.id), key)
    heard = keys_heard_in(text)
    for key in DIALLED_KEYS:
        if key in there and key not in heard:
            yield Finding(Code.KEY_NOT_IN_TEXT, Place(node.id, key))


def _of_next_node(key: KeyPress, place: Place, nodes: Mapping[NodeId, Node]) -> Iterator[Finding]:
    if key.next_node is None:
        yield Finding(Code.NEXT_NODE_MISSING, place)
    elif key.next_node not in nodes:
        yield Finding(Code.NEXT_NODE_ELSEWHERE, place)


def _of_queue(key: KeyPress, place: Place, queues: Mapping[QueueId, Queue]) -> Iterator[Finding]:
    queue = None if key.queue is None else queues.get(key.queue)
    if queue is None:
        yield Finding(Code.QUEUE_MISSING, place)
    elif not queue.served:
        yield Finding(Code.QUEUE_UNSERVED, place, queue.name)


def _of_sms(key: KeyPress, place: Place, sends_sms: bool) -> Iterator[Finding]:
    if not key.sms.strip():
        yield Finding(Code.SMS_WITHOUT_TEXT, place)
    if not sends_sms:
        yield Finding(Code.SMS_WITHOUT_GATEWAY, place)


def _of_forwarding(key: KeyPress, place: Place, our_numbers: AbstractSet[str]) -> Iterator[Finding]:
    if not key.destination.given:
        yield Finding(Code.DESTINATION_MISSING, place)
    elif not key.destination.digits:
        yield Finding(Code.DESTINATION_INVALID, place, key.destination.given)
    if not key.caller_id.given:
        yield Finding(Code.CALLER_ID_MISSING, place)
    elif key.caller_id.digits not in our_numbers:
        yield Finding(Code.CALLER_ID_NOT_OURS, place, key.caller_id.given)
