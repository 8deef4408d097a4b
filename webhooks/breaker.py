"""When an endpoint of a customer is left alone for a while: a pure state machine.

Closed: everybody asks. After five failures in a row it opens: nobody asks. When the pause is over, one probe may ask
(half open); its success closes the breaker, its failure opens it again for twice as long.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES_TO_OPEN = 5
FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 60  # calls want an answer again soon after a server came back
PROBE_LEASE_S = 60  # longer than any request; a probe whose worker died gives its place to another


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Admission(StrEnum):
    """May this request be sent?"""

    FREE = "free"
    PROBE = "probe"  # yes, and everybody waits for what comes of it
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an endpoint. `until`: end of the pause (open), or of the probe's lease (half open)."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0  # in a row, while closed
    openings: int = 0  # in a row; each doubles the pause
    until: dt.datetime | None = None


HEALTHY = Health()


def admit(health: Health, now: dt.datetime) -> tuple[Health, Admission]:
    """Decide about one request. The caller who gets PROBE must report with `succeeded` or `failed`."""
    if health.state is BreakerState.CLOSED:
        return health, Admission.FREE
    if health.until is not None and now < health.until:
        return health, Admission.REFUSED
    lease = now + dt.timedelta(seconds=PROBE_LEASE_S)
    return replace(health, state=BreakerState.HALF_OPEN, until=lease), Admission.PROBE


def succeeded(health: Health) -> Health:
    """The endpoint answered: whoever heard it, it is well."""
    return HEALTHY


def failed(health: Health, now: dt.datetime, *, probe: bool) -> Health:
    """The endpoint did not answer. Stragglers that were sent before it opened change nothing."""
    if health.state is BreakerState.CLOSED:
        failures = health.failures + 1
        return _opened(health, now) if failures >= FAILURES_TO_OPEN else replace(health, failures=failures)
    if health.state is BreakerState.HALF_OPEN and probe:
        return _opened(health, now)
    return health


def _opened(health: Health, now: dt.datetime) -> Health:
    pause_s = min(FIRST_PAUSE_S * 2 ** min(health.openings, 10), LONGEST_PAUSE_S)
    return Health(BreakerState.OPEN, 0, health.openings + 1, now + dt.timedelta(seconds=pause_s))
