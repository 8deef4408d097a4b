"""Where greeting files are played: music and announcements of queues, announcements of IVR nodes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ivr.addresses import queue_address, tree_address
from ivr.domain.findings import Place
from ivr.domain.tree import NodeId
from ivr.models import GreetingFile
from ivr.words import place_id

NOWHERE = Q(waiting_in=None, holding_in=None, voicemail_prompts=None, outcome_messages=None, nodes=None)


@dataclass(frozen=True)
class Use:
    """One place where a file is played: what the place is called, where to change it, and what the file is there."""

    name: str
    address: str
    parts: tuple[str, ...]


def with_uses(greetings: QuerySet[GreetingFile]) -> QuerySet[GreetingFile]:
    """Load what `uses_of` needs. Cost: at most seven queries more, however many rows."""
    return greetings.prefetch_related(
        "waiting_in", "holding_in", "voicemail_prompts", "outcome_messages__queue", "nodes__tree"
    )


def used(greetings: QuerySet[GreetingFile]) -> QuerySet[GreetingFile]:
    """Of these files, those that are played somewhere."""
    return greetings.exclude(pk__in=unused(GreetingFile.objects.all()).values("pk"))


def unused(greetings: QuerySet[GreetingFile]) -> QuerySet[GreetingFile]:
    """Of these files, those that are played nowhere."""
    return greetings.filter(NOWHERE)


def uses_of(greeting: GreetingFile) -> list[Use]:
    """Every place where a file is played, in order of names. Cost: no query after `with_uses`."""
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for queue in greeting.waiting_in.all():
        parts[str(queue), queue_address(queue.pk)].append(_("waiting music"))
    for queue in greeting.holding_in.all():
        parts[str(queue), queue_address(queue.pk)].append(_("hold music"))
    for queue in greeting.voicemail_prompts.all():
        parts[str(queue), queue_address(queue.pk)].append(_("voicemail greeting"))
    for outcome in greeting.outcome_messages.all():
        parts[str(outcome.queue), queue_address(outcome.queue_id)].append(_("last announcement"))
    for node in greeting.nodes.all():
        place = place_id(Place(NodeId(node.public_id)))
        parts[f"{node.tree}: {node}", tree_address(node.tree, place)].append(_("announcement"))
    return [Use(name, address, tuple(parts[name, address])) for name, address in sorted(parts)]
