"""What many measurements come to. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` (0 to 1) of all. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Shape: {"count", "p50", "p95", "p99", "max"}; only the count when there are no values."""
    if not values:
        return {"count": 0}
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"count": len(values), **{name: round(percentile(values, share), 3) for name, share in shares.items()}}


def growth_exponent(cost_by_size: Mapping[int, float]) -> float:
    """The b of cost = a · size^b that fits best: least squares of the logarithms. 0: the size does not matter.

    Raises ValueError for fewer than two sizes.
    """
    if len(cost_by_size) < 2:
        raise ValueError("a growth needs two sizes")
    points = [(math.log(size), math.log(cost)) for size, cost in cost_by_size.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
