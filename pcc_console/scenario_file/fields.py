"""Fields of a table in a scenario file: there or not, right or wrong, and read on in any case."""

from __future__ import annotations

from callflow.simulation.chance import NEVER, Exponential, Fixed, Lognormal, Spread, Uniform
from callflow.simulation.scenario import Window
from pcc_console.portable.places import Place
from pcc_console.scenario_file.values import SECONDS, SOME_SECONDS, Read, T, a_window


def get(place: Place, key: str, read: Read[T], usual: T) -> T:
    """The value of a field, or the usual one when it is not there or wrong."""
    inner = place.something_at(key)
    found = inner.read(read) if inner is not None else None
    return usual if found is None else found


def need(place: Place, key: str, read: Read[T], stand_in: T) -> T:
    """The value of a field that must be there; the stand-in is for reading on."""
    if place.something_at(key) is None:
        place.refuse(f"needs `{key}`")
    return get(place, key, read, stand_in)


def windows(place: Place, key: str) -> tuple[Window, ...]:
    found = [inner.read(a_window) for inner in place.items_at(key)]
    return tuple(each for each in found if each is not None)


def spread(place: Place, key: str, usual: Spread, *, may_be_never: bool = False) -> Spread:
    """`30`, `never`, `{exponential: 180}`, `{lognormal: {mean: 200, sd: 150}}` or `{uniform: {from: 2, to: 8}}`."""
    inner = place.something_at(key)
    if inner is None:
        return usual
    if inner.is_table:
        return _drawn(inner.table({"exponential", "lognormal", "uniform"}), usual)
    if may_be_never and inner.text() == "never":
        return NEVER
    value = inner.read(SECONDS)
    return usual if value is None else Fixed(value)


def _drawn(place: Place, usual: Spread) -> Spread:
    kinds = [kind for kind, _ in place.entries()]
    if len(kinds) != 1:
        place.refuse("needs exactly one of `exponential`, `lognormal` and `uniform`")
        return usual
    if kinds == ["exponential"]:
        return Exponential(need(place, "exponential", SOME_SECONDS, 1.0))
    inner = place.something_at(kinds[0])
    if kinds == ["lognormal"] and inner is not None:
        inner.table({"mean", "sd"})
        return Lognormal(need(inner, "mean", SOME_SECONDS, 1.0), need(inner, "sd", SOME_SECONDS, 1.0))
    if kinds == ["uniform"] and inner is not None:
        inner.table({"from", "to"})
        low, high = need(inner, "from", SECONDS, 0.0), need(inner, "to", SECONDS, 1.0)
        if low > high:
            inner.refuse("`from` must not be more than `to`")
        return Uniform(low, high)
    return usual
