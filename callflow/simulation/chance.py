"""How long things take when chance decides. All is drawn from a `random.Random` with a seed: runs can be repeated.

Units: seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Never:
    """It does not happen."""


@dataclass(frozen=True, slots=True)
class Fixed:
    seconds: float


@dataclass(frozen=True, slots=True)
class Exponential:
    mean: float


@dataclass(frozen=True, slots=True)
class Lognormal:
    """As talk times are: many are short, some very long. `mean` and `sd` are those of the times themselves."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Uniform:
    low: float
    high: float


Spread = Never | Fixed | Exponential | Lognormal | Uniform
NEVER = Never()


def seconds(spread: Spread, chance: Random) -> float:
    """Draw once; infinity when it never happens."""
    match spread:
        case Fixed(value):
            return value
        case Exponential(mean):
            return chance.expovariate(1 / mean)
        case Lognormal(mean, sd):
            variance = math.log1p((sd / mean) ** 2)
            return chance.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))
        case Uniform(low, high):
            return chance.uniform(low, high)
        case Never():
            return math.inf
    assert_never(spread)


def seconds_or_none(spread: Spread, chance: Random) -> float | None:
    """Draw once; None when it never happens."""
    drawn = seconds(spread, chance)
    return None if math.isinf(drawn) else drawn
