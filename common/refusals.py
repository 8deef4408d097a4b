"""Reasons for which an action is refused: one class each, with the code that `/v1` answers."""

from __future__ import annotations

from collections.abc import Sequence


class Refusal(Exception):
    """A business action was understood and refused; nothing was changed.

    `code` is the `r` of a `/v1` reply (Source: docs/compatibility.md, "Result codes").
    """

    code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(Refusal):
    """A value is missing, of the wrong kind or out of its range."""

    code = 1


class AlreadyExists(Refusal):
    """The same thing is there already; `existing_id` names it."""

    code = 2

    def __init__(self, message: str, existing_id: str) -> None:
        super().__init__(message)
        self.existing_id = existing_id


class NotFound(Refusal):
    """There is no such row in this project."""

    code = 3


class InUse(Refusal):
    """Deleting it would leave calls without a way; `used_by` says what leads to it, `rows` are those rows."""

    code = 7

    def __init__(self, message: str, used_by: Sequence[str], rows: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.used_by = tuple(used_by)
        self.rows = tuple(rows)
