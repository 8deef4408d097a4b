"""S5: calls are served in the order of the rules, and every decision can be asked once more."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import Scope
from projects.models import CallSettings
from queues.models import QueueEntry
from routing.domain.offers import OfferState
from routing.domain.question import Answer, Match, Place, Question
from routing.domain.stored import from_json
from routing.explain import Differs, Unreadable, replay
from routing.models import Decision, Offer

# A call that has just entered, or come back, may not have been seen by a decision that was on its way.
UNSEEN_FOR = dt.timedelta(seconds=1)


def decisions_replay(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """The rules give the same answer as they did, from what was stored with it."""
    for decision in _decisions(project, scope):
        again = replay(decision)
        if isinstance(again, Differs | Unreadable):
            yield Finding(Code.S5, project.pk, f"decision {decision.pk}", "asked once more, it is answered otherwise")


@dataclass(frozen=True, slots=True)
class _Stay:
    """A stay in a queue, and when it did not wait in it: while it was offered, and after it was answered."""

    row: QueueEntry
    offers: Sequence[Offer]

    @property
    def place(self) -> Place:
        return -self.row.priority, self.row.enqueued_at, self.row.pk

    def waited_through(self, since: dt.datetime, until: dt.datetime) -> bool:
        left_at = self.row.ended_at
        if self.row.entered_at > since or (left_at is not None and left_at <= until):
            return False
        return not any(
            offer.opened_at <= until
            and (offer.state == OfferState.ACCEPTED or offer.ended_at is None or offer.ended_at >= since)
            for offer in self.offers
        )


def nobody_is_overtaken(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """Whoever waited in the same queue before a call that was offered is named in the decision, with the rule."""
    stays = _stays(project, scope)
    for decision in _decisions(project, scope):
        question, answer = from_json(Question, decision.question), from_json(Answer, decision.answer)
        by_list = {policy.queue for policy in question.policies if policy.by_list}
        seen = {waiting.entry for waiting in question.waiting}
        matched = {match.entry for match in answer.matches}
        opened = {offer.entry_id for offer in decision.offers.all()}
        for match in answer.matches:
            if match.entry not in opened or match.entry not in stays[match.queue]:
                continue
            place = stays[match.queue][match.entry].place
            named = matched | {each.entry for each in match.overtook}
            for stay in stays[match.queue].values():
                passed = stay.place < place and stay.row.pk not in named
                looked_at = match.queue not in by_list or stay.row.pk in seen
                if passed and looked_at and stay.waited_through(question.now - UNSEEN_FOR, question.now):
                    yield _overtaken(project, decision, match, stay)


def _overtaken(project: CallSettings, decision: Decision, match: Match, stay: _Stay) -> Finding:
    text = f"{match.call_id} was offered before {stay.row.call.call_id}, and no rule says why"
    return Finding(Code.S5, project.pk, f"decision {decision.pk}", text)


def _stays(project: CallSettings, scope: Scope) -> defaultdict[int, dict[int, _Stay]]:
    """By queue and row number."""
    offers: dict[int, list[Offer]] = defaultdict(list)
    for offer in scope.recent(Offer.objects.filter(project=project.pk), "opened_at"):
        offers[offer.entry_id].append(offer)
    found: defaultdict[int, dict[int, _Stay]] = defaultdict(dict)
    entries = scope.recent(QueueEntry.objects.filter(project=project.pk), "entered_at").select_related("call")
    for entry in entries:
        found[entry.queue_id][entry.pk] = _Stay(entry, offers[entry.pk])
    return found


def _decisions(project: CallSettings, scope: Scope) -> Collection[Decision]:
    decisions = scope.recent(Decision.objects.filter(project=project.pk), "at")
    return decisions.order_by("pk").prefetch_related("offers")
