"""Where a queue sends callers whom it does not keep waiting."""

from __future__ import annotations

from dataclasses import dataclass

from queues.models import OutcomeAction, OutcomeCause, Queue, QueueOutcome


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to a caller. Only the targets of the action are set.

    Shape: `to_queue_id` is a key of the database; `to_node_id` and `tree_id` are public ids, as rules on trees know
    them; numbers are as they were typed; `greeting_file` is a file name and goes before `message`. A message without
    either is the usual goodbye.
    """

    action: OutcomeAction
    to_queue_id: int | None = None
    to_number: str = ""
    from_number: str = ""
    to_node_id: str = ""
    tree_id: str = ""
    message: str = ""
    greeting_file: str = ""


def outcome_of(queue: Queue, cause: OutcomeCause) -> Outcome | None:
    """What a queue does with a caller for a cause; None: the caller keeps waiting. Cost: one query."""
    chosen = queue.outcomes.filter(cause=cause).select_related("to_node__tree", "greeting").first()
    return _outcome(chosen) if chosen is not None else usual_outcome(cause, voicemail=queue.enable_voicemail)


def usual_outcome(cause: OutcomeCause, *, voicemail: bool) -> Outcome | None:
    """What a queue does for a cause for which nothing is chosen: voicemail where that is on, else a goodbye.

    While nobody is signed in, callers keep waiting.
    """
    if cause is OutcomeCause.NOBODY_SIGNED_IN:
        return None
    return Outcome(OutcomeAction.VOICEMAIL if voicemail else OutcomeAction.MESSAGE)


def _outcome(row: QueueOutcome) -> Outcome:
    action = OutcomeAction(row.action)
    match action:
        case OutcomeAction.QUEUE:
            return Outcome(action, to_queue_id=row.to_queue_id)
        case OutcomeAction.NUMBER:
            return Outcome(action, to_number=row.to_number, from_number=row.from_number)
        case OutcomeAction.NODE if row.to_node is not None:
            return Outcome(action, to_node_id=row.to_node.public_id, tree_id=row.to_node.tree.public_id)
        case OutcomeAction.MESSAGE:
            return Outcome(action, message=row.message, greeting_file=row.greeting.filename if row.greeting else "")
        case _:
            return Outcome(action)
