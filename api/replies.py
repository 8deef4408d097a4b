"""What `/v1` answers: one envelope, one table of result codes (docs/compatibility.md, "Envelope", "Result codes")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse

from common.refusals import AlreadyExists, InUse, InvalidInput, NotFound, Refusal
from projects.verification import TokenRefused

SUCCESS = 0
INTERNAL_ERROR = 99

# Any page may call the API: what it may do depends on the token alone, and no cookie is ever looked at.
CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "X-STRINGEE-AUTH, Content-Type, Accept, X-Requested-With, Cache-Control",
    "Access-Control-Max-Age": "86400",
}


class NotForRest(Refusal):
    """The token is good, but for softphones."""

    code = 45

    def __init__(self) -> None:
        super().__init__("the token lacks rest_api: true")


class BodyTooLarge(InvalidInput):
    """Answered with 413."""


def success(message: str, project_id: int | None = None, **more: Any) -> HttpResponse:
    """`r: 0`; the text stands under both names that clients read."""
    project = {} if project_id is None else {"project": project_id}
    return json_reply({"r": SUCCESS, **project, **both(message), **more})


def refused(
    refusal: Refusal, project_id: int | None = None, *, id_key: str = "", taken_message: str = ""
) -> HttpResponse:
    """`r` other than 0: status 200 for what the caller asked, 403 for his token, 413 for the size of his body.

    `id_key` and `taken_message` are a resource's key and words for the row that is there already.
    """
    project = {} if project_id is None else {"project": project_id}
    message = (isinstance(refusal, AlreadyExists) and taken_message) or refusal.message
    return json_reply({"r": refusal.code, **project, **both(message), **_details(refusal, id_key)}, _status(refusal))


def failed(status: HTTPStatus, message: str) -> HttpResponse:
    """An answer for what is no call of the API at all: unknown paths, wrong methods, our own errors."""
    codes = {HTTPStatus.NOT_FOUND: NotFound.code, HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL_ERROR}
    return json_reply({"r": codes.get(status, InvalidInput.code), **both(message)}, status)


def json_reply(payload: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    """JSON as clients expect it, whatever they say they accept."""
    reply = HttpResponse(
        json.dumps(payload, ensure_ascii=False, separators=(",", ":")), content_type="application/json", status=status
    )
    reply["Access-Control-Allow-Origin"] = "*"
    reply["Cache-Control"] = "no-store"
    return reply


def both(message: str) -> dict[str, str]:
    return {"message": message, "msg": message}


def _details(refusal: Refusal, id_key: str) -> dict[str, Any]:
    if isinstance(refusal, AlreadyExists) and id_key:
        return {id_key: refusal.existing_id}
    if isinstance(refusal, InUse):
        return {"usedBy": list(refusal.used_by)}
    return {}


def _status(refusal: Refusal) -> HTTPStatus:
    if isinstance(refusal, TokenRefused):
        return HTTPStatus.FORBIDDEN
    if isinstance(refusal, BodyTooLarge):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.OK
