"""S8-S10: recordings and their files, events that customers' servers are owed, and the limits of outbound calls."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path

from django.conf import settings

from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import CallRecord, Scope, seconds_between
from calls.models import OUTBOUND_LEGS, Leg, Recording, RecordingState
from projects.models import CallSettings
from webhooks.domain import DeliveryState

# After the call: until the engine has handed over what it has, and until a busy worker has made a file of it.
_BEING_MADE = {RecordingState.RUNNING: 60.0, RecordingState.FINISHING: 3600.0}  # seconds
GIVEN_UP_LATE_S = 300.0  # the last attempt, and the sweep that notices
MINUTE = dt.timedelta(minutes=1)
LONGEST_CALL = dt.timedelta(days=1)  # what a project can allow at most
_TELEPHONE = "tel:"
_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)


# ── S8 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def recordings_have_files(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """What is said to be ready is there, and nothing is being recorded after its call."""
    for each in call.recordings:
        if each.state == RecordingState.READY and not _has_file(each):
            yield _about(call, Code.S8, f"recording {each.recording_id} is ready, and its file {each.file} not there")
        within_s = _BEING_MADE.get(RecordingState(each.state)) if scope.live else None
        if within_s is None or call.row.ended_at is None:
            continue
        if seconds_between(call.row.ended_at, scope.now) > within_s:
            yield _about(call, Code.S8, f"recording {each.recording_id} is still being made after the call")


def _has_file(recording: Recording) -> bool:
    return bool(recording.file) and (Path(settings.MEDIA_ROOT) / recording.file).is_file()


def files_have_rows(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """No recording lies about that nobody can find. Cost: a look at each file of the project, and one query."""
    media = Path(settings.MEDIA_ROOT)
    folder = media / "recordings" / str(project.pk)
    files = {str(path.relative_to(media)) for path in folder.rglob("*") if path.is_file() and _is_old(path, scope)}
    known = set(Recording.objects.filter(project=project.pk, file__in=files).values_list("file", flat=True))
    ids = {Path(file).stem: file for file in files - known}
    being_made = Recording.objects.filter(project=project.pk, recording_id__in=ids, state__in=_BEING_MADE)
    orphans = set(ids) - set(being_made.values_list("recording_id", flat=True))
    for orphan in sorted(orphans):
        yield Finding(Code.S8, project.pk, ids[orphan], "is a recording without a row")


def _is_old(path: Path, scope: Scope) -> bool:
    """Files of before the scope are not looked at, as their rows are not."""
    return scope.since is None or path.stat().st_mtime >= scope.since.timestamp()


# ── S9 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def events_are_owed(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """Each URL was owed every event of the call once; what is not delivered is still tried, or listed as given up.

    Calls during which the URL was changed are left out: it is not known which of their events it was owed.
    """
    serials: dict[str, list[int]] = defaultdict(list)
    for delivery in call.deliveries:
        if delivery.kind == "call_event":
            serials[delivery.url].append(delivery.serial)
        if scope.live and delivery.state in _OPEN and seconds_between(delivery.give_up_at, scope.now) > GIVEN_UP_LATE_S:
            yield _about(call, Code.S9, f"event {delivery.event_id} is neither delivered nor given up")
    if call.settings.updated_at >= call.row.created_at:
        return
    for url in {each for each in (call.settings.event_url, call.row.event_url) if each}:
        if sorted(serials[url]) != list(range(1, call.row.serial + 1)):
            yield _about(call, Code.S9, f"has told {call.row.serial} events; owed to {url}: {sorted(serials[url])}")


# ── S10 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def outbound_within_limits(project: CallSettings, scope: Scope) -> Iterator[Finding]:
    """No telephone was rung beyond the limits that have held since before.

    Cost: one query; near-linear in the legs.
    """
    held_since = max(filter(None, [scope.since, project.updated_at]))
    legs = Leg.objects.filter(OUTBOUND_LEGS, project=project.pk, started_at__gte=held_since - LONGEST_CALL)
    begun: deque[dt.datetime] = deque()  # within the last minute
    running: list[tuple[bool, dt.datetime]] = []  # a heap of ends; True: none yet
    for leg in legs.order_by("started_at", "pk").select_related("call"):
        at = leg.started_at
        while begun and begun[0] <= at - MINUTE:
            begun.popleft()
        while running and running[0] <= (False, at):
            heappop(running)
        if at >= held_since:
            yield from _beyond_limits(project, leg, at_once=len(running), in_a_minute=len(begun))
        begun.append(at)
        heappush(running, (leg.ended_at is None, leg.ended_at or at))


def _beyond_limits(project: CallSettings, leg: Leg, *, at_once: int, in_a_minute: int) -> Iterator[Finding]:
    if not project.may_dial(leg.endpoint.removeprefix(_TELEPHONE)):
        yield _beyond(leg, "is a number that may not be dialled")
    if at_once >= project.outbound_concurrency:
        yield _beyond(leg, f"was rung beside {at_once} others, and {project.outbound_concurrency} may be at once")
    if in_a_minute >= project.outbound_per_minute:
        yield _beyond(leg, f"was rung after {in_a_minute} others within a minute")


def _beyond(leg: Leg, text: str) -> Finding:
    return Finding(Code.S10, leg.project_id, leg.call.call_id, f"{leg.endpoint} {text}")


def _about(call: CallRecord, code: Code, text: str) -> Finding:
    return Finding(code, call.row.project_id, call.id, text)
