"""Trees for the tests of pure rules: small builders, and Hypothesis strategies for any tree and for sound ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from ivr.domain.tree import (
    DIALLED_KEYS,
    EMPTY_KEY,
    INVALID_KEY,
    Action,
    KeyPress,
    Node,
    NodeId,
    Number,
    Phone,
    Play,
    Queue,
    QueueId,
    Talk,
    Tree,
)

ALL_KEYS = (*DIALLED_KEYS, EMPTY_KEY, INVALID_KEY)
SERVED, UNSERVED = QueueId("QU_SERVED"), QueueId("QU_UNSERVED")
QUEUES = {SERVED: Queue(SERVED, "Support", True), UNSERVED: Queue(UNSERVED, "Nobody", False)}
OURS = frozenset({"842473082686"})
OUR_NUMBER = Phone("+84 24 7308 2686", "842473082686")
A_CUSTOMER = Phone("84909982888", "84909982888")


def to_node(key, target) -> KeyPress:
    return KeyPress(key, Action.NODE, next_node=NodeId(target) if target else None)


def to_queue(key, queue=SERVED) -> KeyPress:
    return KeyPress(key, Action.QUEUE, queue=queue)


def forward(key, destination=A_CUSTOMER, caller_id=OUR_NUMBER) -> KeyPress:
    return KeyPress(key, Action.FORWARD, destination=destination, caller_id=caller_id)


def hang_up(key) -> KeyPress:
    return KeyPress(key, Action.HANG_UP)


def node(name, *keys, says="") -> Node:
    """A node whose text asks for exactly its keys, unless it `says` something else."""
    dialled = [key.key for key in keys if key.key in DIALLED_KEYS]
    text = " ".join(["Welcome.", *(f"Press {key}." for key in dialled)])
    return Node(NodeId(name), name, Talk(says or text), tuple(keys))


def tree(*nodes, root="", numbers=()) -> Tree:
    """A tree that starts at the first of its nodes, unless another root is named."""
    first = nodes[0].id if nodes else None
    return Tree("TR1", "Welcome", NodeId(root) if root else first, tuple(nodes), tuple(numbers))


names = st.sampled_from([NodeId(f"NO{number}") for number in range(6)])
phones = st.sampled_from([Phone(), OUR_NUMBER, A_CUSTOMER, Phone("call me", "")])
any_key_press = st.builds(
    KeyPress,
    key=st.sampled_from(ALL_KEYS),
    action=st.sampled_from(Action),
    next_node=st.none() | names | st.just(NodeId("NO_OF_ANOTHER_TREE")),
    queue=st.sampled_from([None, SERVED, UNSERVED, QueueId("QU_GONE")]),
    caller_id=phones,
    destination=phones,
    sms=st.sampled_from(["", " ", "Thanks for calling."]),
)
texts = st.text(max_size=40) | st.lists(
    st.sampled_from(["press", "3", "bấm phím", "không", "star", "hai", ",", "or", "*", "Welcome."]), max_size=8
).map(" ".join)
announcements = st.builds(Talk, texts) | st.builds(
    Play, st.none() | st.just("ABCDEFGHJK-1718000000000.mp3"), st.booleans()
)


@st.composite
def any_trees(draw) -> Tree:
    """Trees of up to six nodes in any state that the tables can hold."""
    chosen = draw(st.lists(names, unique=True, max_size=6))
    nodes = tuple(
        Node(
            name,
            f"Node {name}",
            draw(announcements),
            tuple(draw(st.lists(any_key_press, max_size=5, unique_by=lambda press: press.key))),
        )
        for name in chosen
    )
    root = draw(st.none() | st.just(NodeId("NO_OF_ANOTHER_TREE")) | names)
    numbers = draw(st.lists(st.sampled_from([Number("NU1", "8424"), Number("NU2", "+8425")]), unique=True))
    return Tree("TR1", "Any", root, nodes, tuple(numbers))


@st.composite
def sound_trees(draw) -> Tree:
    """Trees that are right: every node is reached, says its keys, and has a way out of the menu; ways back are fine."""
    ids = [NodeId(f"NO{number}") for number in range(draw(st.integers(1, 8)))]
    free = {each: list(draw(st.permutations(DIALLED_KEYS))) for each in ids}
    keys: dict[NodeId, list[KeyPress]] = {each: [to_queue(EMPTY_KEY)] for each in ids}
    for place, each in enumerate(ids):
        if place:
            parent = draw(st.sampled_from(ids[:place]))
            keys[parent].append(to_node(free[parent].pop(), each))
    for each in ids:
        for branch in draw(st.lists(sound_key_presses(ids), max_size=3)):
            keys[each].append(replace(branch, key=free[each].pop()))
    return tree(*(node(each, *keys[each]) for each in ids), numbers=[Number("NU1", "842473082686")])


def sound_key_presses(ids):
    return st.sampled_from(
        [
            to_queue("?"),
            forward("?"),
            hang_up("?"),
            KeyPress("?", Action.VOICEMAIL),
            KeyPress("?", Action.SMS, sms="Our address."),
            *(to_node("?", each) for each in ids),
        ]
    )
