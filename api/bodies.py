"""Request bodies: JSON whatever the header says, within a size."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest

from api.replies import BodyTooLarge
from common.lenient_json import without_trailing_commas
from common.refusals import InvalidInput
from common.strict_json import BadJson, parse_object

MAX_JSON_BYTES: Final = 1024 * 1024  # the longest real body, an IVR node with its text, has some kilobytes
_KEPT = "_pcc_json_object"


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent; nothing sent is an empty object. Read once, then kept with the request.

    Raises InvalidInput for anything that is not a JSON object, BodyTooLarge beyond MAX_JSON_BYTES.
    """
    if not hasattr(request, _KEPT):
        try:
            setattr(request, _KEPT, _read(request))
        except InvalidInput as refusal:
            setattr(request, _KEPT, refusal)  # the body is gone: whoever asks again must hear the same
    found: dict[str, Any] | InvalidInput = getattr(request, _KEPT)
    if isinstance(found, InvalidInput):
        raise found
    return found


def announced_length(request: HttpRequest) -> int:
    """The Content-Length header; 0 when there is none, as with chunked bodies."""
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def _read(request: HttpRequest) -> dict[str, Any]:
    raw = b"" if announced_length(request) > MAX_JSON_BYTES else request.read(MAX_JSON_BYTES + 1)
    if len(raw) > MAX_JSON_BYTES or announced_length(request) > MAX_JSON_BYTES:
        raise BodyTooLarge(f"The body is larger than {MAX_JSON_BYTES} bytes.")
    if not raw.strip():
        return {}
    try:
        return parse_object(raw, without_trailing_commas)  # official samples have them
    except BadJson as error:
        raise InvalidInput(str(error)) from error
