"""`python -m callflow.recording.program RAW TARGET`: finish one recording, print one line of JSON.

A program of its own with little memory and no way to open another file: it decodes what strangers sent. It is nice to
calls, which go on meanwhile. Cost: a second of processor time for a minute of conversation (measured 2026-11).
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from callflow.recording import report
from common import confinement
from common.confinement import Limits
from telephony.recording_format import RecordingUnreadable, read_head, read_packets

LIMITS = Limits(
    memory_bytes=1024**3,  # the libraries alone map a quarter of it
    cpu_s=7200,  # a call of a day takes half an hour
    largest_file_bytes=8 * 1024**3,  # a day as stereo WAV is 5.5 GB
)


def main(raw: Path, target: Path) -> None:
    confinement.limit_resources(LIMITS)
    with ExitStack() as files:
        source = files.enter_context(raw.open("rb"))
        finished = files.enter_context(target.open("xb"))
        from callflow.recording import finish  # under the limits: loading the libraries takes memory, too

        finish.load_everything()
        confinement.open_nothing_more()
        outcome = _finish(source, finished)
    print(report.to_json(outcome))  # noqa: T201 - the answer to the process that started this one


def _finish(source: BinaryIO, target: BinaryIO) -> report.Finished | report.Trouble:
    from callflow.recording import finish

    try:
        head = read_head(source)
        return finish.write(head, read_packets(source), target)
    except (RecordingUnreadable, finish.TooLong):
        return report.Trouble.UNREADABLE


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
