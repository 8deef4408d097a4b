"""What the console says about an agent's present state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from agents.domain import Activity, Reach, System
from agents.models import ACTIVITY_WORDS, Agent

SET_ASIDE, PAUSED, BY_PROGRAM, OFFLINE = "set_aside", "paused", "by_program", "offline"
COLOURS = {
    SET_ASIDE: "danger",
    PAUSED: "warning",
    BY_PROGRAM: "warning",
    OFFLINE: "default",
    Activity.IDLE.value: "info",
    Activity.OFFERED.value: "success",
    Activity.ON_CALL.value: "danger",
    Activity.WRAP_UP.value: "warning",
}


@dataclass(frozen=True, slots=True)
class Present:
    """What an agent does.

    `key` is one of `COLOURS`; `since` is None when it is not known; `call` is the id of the call that occupies him, or
    empty.
    """

    key: str
    words: str
    since: dt.datetime | None
    call: str = ""
    until: dt.datetime | None = None
    missed: int = 0

    @property
    def colour(self) -> str:
        return COLOURS[self.key]


def present(agent: Agent) -> Present:
    """What keeps calls away comes first, then what he does."""
    activity = Activity(agent.activity)
    if activity is not Activity.IDLE:
        words = str(ACTIVITY_WORDS[activity])
        return Present(activity.value, words, agent.activity_since, agent.call_ref, until=agent.wrap_up_until)
    if agent.set_aside_at:
        return Present(SET_ASIDE, _("Set aside"), agent.set_aside_at, missed=agent.missed_in_a_row)
    if agent.paused_until:
        return Present(PAUSED, _("Short pause"), agent.activity_since, until=agent.paused_until)
    if agent.system_status != System.FREE:
        words = _("%(status)s, says a program") % {"status": agent.get_system_status_display()}
        return Present(BY_PROGRAM, words, agent.activity_since)
    if agent.reach == Reach.NONE:
        return Present(OFFLINE, _("Offline"), None)
    return Present(activity.value, str(ACTIVITY_WORDS[activity]), agent.activity_since)
