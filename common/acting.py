"""Who is acting, when it is not a signed-in user: an API key or a command. Shown in the configuration history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_actor: ContextVar[str] = ContextVar("acting_as", default="")


def current_actor() -> str:
    """E.g. `API key SK.0.…` or `seed_demo`; empty when a signed-in user acts."""
    return _actor.get()


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Name the actor for everything done in the block."""
    token = _actor.set(name)
    try:
        yield
    finally:
        _actor.reset(token)
