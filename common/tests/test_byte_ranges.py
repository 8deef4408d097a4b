"""Parts of files."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from common.byte_ranges import OutsideTheFile, Span, serve_file, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", Span(0, 99)),
        ("bytes=10-19", Span(10, 19)),
        ("bytes=90-1000", Span(90, 99)),
        ("bytes=99-99", Span(99, 99)),
        ("bytes=-10", Span(90, 99)),
        ("bytes=-1000", Span(0, 99)),
        (" bytes=0-0 ", Span(0, 0)),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=-1-5", None),
        (f"bytes={'9' * 5000}-", None),
    ],
)
def test_a_range_header_is_read_or_ignored(header, span):
    assert span_of(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_is_outside_the_file_is_refused(header):
    with pytest.raises(OutsideTheFile):
        span_of(header, 100)


def test_an_empty_file_has_no_parts():
    with pytest.raises(OutsideTheFile):
        span_of("bytes=0-", 0)


@pytest.fixture
def answer(tmp_path):
    """Ask for a file of the ten digits, with headers."""
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")

    def ask(**headers):
        request = RequestFactory().get("/", headers={name.replace("_", "-"): text for name, text in headers.items()})
        return serve_file(request, path, content_type="audio/mpeg", etag="digits")

    return ask


def test_the_whole_file(answer):
    response = answer()
    assert (response.status_code, response.content, response["Accept-Ranges"]) == (200, b"0123456789", "bytes")
    assert "Content-Range" not in response


def test_a_part(answer):
    response = answer(Range="bytes=2-4")
    assert (response.status_code, response.content, response["Content-Range"]) == (206, b"234", "bytes 2-4/10")


def test_outside(answer):
    response = answer(Range="bytes=10-")
    assert (response.status_code, response.content, response["Content-Range"]) == (416, b"", "bytes */10")


def test_what_the_browser_has_is_not_sent_again(answer):
    assert answer(If_None_Match='"digits"').status_code == 304


def test_a_part_of_another_version_is_no_part(answer):
    assert answer(Range="bytes=2-4", If_Range='"other"').status_code == 200
    assert answer(Range="bytes=2-4", If_Range='"digits"').status_code == 206
