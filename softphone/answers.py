"""Requests with JSON in, JSON out: what our pages' own addresses do alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from common.refusals import InvalidInput, NotFound, Refusal
from common.strict_json import BadJson, parse_object
from projects.verification import TokenAbsent, TokenRefused

TOKEN_HEADER = "X-STRINGEE-AUTH"  # noqa: S105  the name of a header
MAX_BODY_BYTES = 16_384  # a note has 2000 letters, in any alphabet
View = Callable[..., HttpResponseBase]


class TooManyRequests(Refusal):
    """Whoever asks is asking too often."""

    code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests. Wait a moment, then try again.")


def answer(data: dict[str, Any], status: int = HTTPStatus.OK) -> JsonResponse:
    """JSON that nobody keeps."""
    response = JsonResponse(data, status=status)
    response["Cache-Control"] = "no-store"
    return response


def speaks_json(*methods: str) -> Callable[[View], View]:
    """A view of these methods whose refusals become JSON: `{"r": code, "message": text}`, with a fitting status."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                response = answer({"r": 1, "message": "Not possible here."}, HTTPStatus.METHOD_NOT_ALLOWED)
                response["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, *args, **kwargs)
            except Refusal as refusal:
                return answer({"r": refusal.code, "message": refusal.message}, _status(refusal))

        return checked

    return wrap


def _status(refusal: Refusal) -> int:
    match refusal:
        case TokenRefused():
            return HTTPStatus.FORBIDDEN
        case NotFound():
            return HTTPStatus.NOT_FOUND
        case InvalidInput():
            return HTTPStatus.BAD_REQUEST
        case TooManyRequests():
            return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.CONFLICT


def token_of(request: HttpRequest) -> str:
    """The token that a page signs in with. Raises TokenAbsent."""
    token = request.headers.get(TOKEN_HEADER, "")
    if not token:
        raise TokenAbsent
    return token


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent. Raises InvalidInput."""
    if len(request.body) > MAX_BODY_BYTES:
        raise InvalidInput(f"The body is longer than {MAX_BODY_BYTES} bytes.")
    try:
        return parse_object(request.body)
    except BadJson as error:
        raise InvalidInput(str(error)) from error


def text_of(body: dict[str, Any], key: str, limit: int, *, default: str | None = None) -> str:
    """A text of the body, at most so long, without spaces around it. Raises InvalidInput."""
    value = body.get(key, default)
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidInput(f"{key} must be a text of at most {limit} letters.")
    return value.strip()


def flag_of(body: dict[str, Any], key: str) -> bool:
    """Yes or no. Raises InvalidInput."""
    value = body.get(key)
    if not isinstance(value, bool):
        raise InvalidInput(f"{key} must be true or false.")
    return value
