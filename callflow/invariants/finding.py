"""What the checker says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The invariants by their names in the design."""

    S1 = "S1"  # an agent has at most one open offer and one conversation
    S2 = "S2"  # a call has at most one connected agent
    S3 = "S3"  # every call ends in exactly one terminal state
    S4 = "S4"  # nothing vanishes from a queue
    S5 = "S5"  # nobody is overtaken except by a printed rule
    S6 = "S6"  # nothing crosses projects
    S7 = "S7"  # replaying the transitions gives the stored state
    S8 = "S8"  # a recording has its file, and the other way round
    S9 = "S9"  # an event is owed until it is delivered or given up
    S10 = "S10"  # no outbound leg outside of the project's limits
    L1 = "L1"  # a free agent and a call that he may take: an offer, soon
    L2 = "L2"  # an offer ends by its deadline
    L3 = "L3"  # an agent is free soon after his last leg is gone
    L4 = "L4"  # wrap-up ends by its limit
    L5 = "L5"  # what a dead process has left behind is picked up


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold. `about`: the call, agent, offer … by the id that people see."""

    code: Code
    project: int
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} project {self.project}, {self.about}: {self.text}"
