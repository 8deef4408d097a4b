"""Addresses with a NUL character: no database text can hold one, so no page and no filter has one.

Forms say it beside the field; an address has no field to say it at.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

REST = "v1/"  # refuses NUL in its own words, after any number of slashes


class RefuseUnstorable:
    """Middleware: 400 for a NUL in the path or the query of a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        texts = [request.path, *(text for name, values in request.GET.lists() for text in (name, *values))]
        if any("\0" in text for text in texts) and not request.path.lstrip("/").startswith(REST):
            raise BadRequest("A NUL character")
        return self.get_response(request)
