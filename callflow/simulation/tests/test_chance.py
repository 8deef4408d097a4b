"""What is drawn has the means that scenarios ask for."""

from __future__ import annotations

from random import Random
from statistics import fmean, stdev

import pytest

from callflow.simulation.chance import NEVER, Exponential, Fixed, Lognormal, Uniform, seconds, seconds_or_none

DRAWS = 20_000


@pytest.mark.parametrize(
    ("spread", "mean", "sd"),
    [
        (Fixed(7), 7, 0),
        (Exponential(180), 180, 180),
        (Lognormal(mean=200, sd=150), 200, 150),
        (Uniform(2, 8), 5, 6 / 12**0.5),
    ],
)
def test_draws_have_the_mean_and_the_spread_that_was_asked_for(spread, mean, sd):
    chance = Random(1)
    drawn = [seconds(spread, chance) for _ in range(DRAWS)]
    assert fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert stdev(drawn) == pytest.approx(sd, rel=0.06)


def test_what_never_happens_has_no_time():
    assert seconds_or_none(NEVER, Random(1)) is None
    assert seconds(NEVER, Random(1)) == float("inf")


def test_the_same_seed_draws_the_same():
    assert seconds(Exponential(10), Random("7")) == seconds(Exponential(10), Random("7"))
