"""Files answered to browsers, whole or in part: players ask for the part to which they jump.

Source: RFC 9110 §14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class OutsideTheFile(Exception):
    """The range that was asked for has no byte of the file."""


def span_of(header: str, size: int) -> Span | None:
    """The part that a `Range` header asks for; None for the whole file.

    Several ranges, other units and what cannot be read mean the whole file, as the RFC allows. Raises OutsideTheFile.
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if not match or match.groups() == ("", ""):
        return None
    first_text, last_text = match.groups()
    if not first_text:
        first, last = max(0, size - int(last_text)), size - 1
    else:
        first, last = int(first_text), min(int(last_text), size - 1) if last_text else size - 1
        if last_text and int(last_text) < first:
            return None
    if first > last:
        raise OutsideTheFile
    return Span(first, last)


def serve_file(request: HttpRequest, path: Path, *, content_type: str, etag: str) -> HttpResponseBase:
    """Answer a GET or HEAD for a file that never changes: 200, 206, 304 or 416.

    `etag` names the file. Kept by the browser, but asked about every time, so that access is checked every time.
    The file is read into memory: for files of some megabytes. Raises FileNotFoundError.
    """
    quoted = f'"{etag}"'
    headers = {"Accept-Ranges": "bytes", "ETag": quoted, "Cache-Control": "private, no-cache"}
    if unchanged := get_conditional_response(request, etag=quoted):
        return unchanged
    size = path.stat().st_size
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", quoted) != quoted:
        wanted = ""
    try:
        span = span_of(wanted, size)
    except OutsideTheFile:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    part = span or Span(0, size - 1)
    with path.open("rb") as file:
        file.seek(part.first)
        body = file.read(part.length)
    if span:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{size}"
    return HttpResponse(body, status=206 if span else 200, content_type=content_type, headers=headers)
