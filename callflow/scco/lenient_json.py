"""The JSON of an SCCO: an array, in a text of limited length."""

from __future__ import annotations

from enum import StrEnum

from common import lenient_json
from common.strict_json import BadJson, check_storable

MAX_BYTES = 64 * 1024  # a hundred actions with long texts need half of it


class Reason(StrEnum):
    TOO_LONG = "too_long"
    NOT_JSON = "not_json"
    NOT_AN_ARRAY = "not_an_array"
    TOO_MANY_ACTIONS = "too_many_actions"


class SccoUnreadable(Exception):
    """The document is no SCCO. `reason` is for programs, the message for the developer who wrote it."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_array(document: object) -> list[object]:
    """The array in a text (UTF-8 when bytes), or the document itself when it is a list that was read from JSON.

    Trailing commas are taken off, NaN and infinities are null, integers stop at 64 bits.
    Cost: linear in the length of the text.
    Raises SccoUnreadable for anything else, for texts over MAX_BYTES, deep nesting, and what cannot be stored.
    """
    value = _value_of(document) if isinstance(document, str | bytes) else document
    if not isinstance(value, list):
        raise SccoUnreadable(Reason.NOT_AN_ARRAY, "An SCCO is a JSON array of actions.")
    try:
        check_storable(value)
    except BadJson as error:
        raise SccoUnreadable(Reason.NOT_JSON, str(error)) from error
    return value


def _value_of(document: str | bytes) -> object:
    raw = document if isinstance(document, bytes) else document.encode(errors="surrogatepass")
    if len(raw) > MAX_BYTES:
        raise SccoUnreadable(Reason.TOO_LONG, f"An SCCO has at most {MAX_BYTES} bytes.")
    try:
        return lenient_json.loads(raw)
    except BadJson as error:
        raise SccoUnreadable(Reason.NOT_JSON, str(error)) from error
