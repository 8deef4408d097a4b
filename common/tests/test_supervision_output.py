"""What the terminal shows of many programs."""

from __future__ import annotations

import io
import os

import pytest

from common.supervision.output import Output


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield source, sink


def test_lines_appear_behind_the_name_when_they_are_complete(pipe):
    source, sink = pipe
    shown = io.StringIO()
    output = Output(shown)
    output.attach("web", source)

    sink.write(b"first\nsec")
    output.pump(0.1)
    assert shown.getvalue() == "web      | first\n"

    sink.write(b"ond\n")
    output.pump(0.1)
    assert shown.getvalue() == "web      | first\nweb      | second\n"


def test_the_last_line_appears_even_when_it_is_not_ended(pipe):
    source, sink = pipe
    shown = io.StringIO()
    output = Output(shown)
    output.attach("beat", source)

    sink.write(b"\xff broken and unfinished")
    sink.close()
    output.drain()

    assert shown.getvalue() == "beat     | \ufffd broken and unfinished\n"


def test_lines_that_are_to_be_kept_are_not_shown(pipe):
    source, sink = pipe
    shown, kept = io.StringIO(), list[str]()
    output = Output(shown)
    output.attach("demo", source, keep=kept)

    sink.write(b'{"token": "x"}\n')
    output.pump(0.1)

    assert kept == ['{"token": "x"}']
    assert shown.getvalue() == ""


def test_work_goes_on_when_the_terminal_is_gone():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    Output(Gone()).say("nobody reads this")
