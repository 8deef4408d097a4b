"""Start the program for one uploaded file and read its answer."""

from __future__ import annotations

import logging
from pathlib import Path

from common import confined_program
from sounds.audio import report

TIME_LIMIT_S = 120  # by the clock on the wall: a machine under load gets to its 60 s of processor time later
ANSWER_MAX_BYTES = 16_384

log = logging.getLogger(__name__)


def check_and_convert(folder: Path) -> report.Report:
    """Check `folder/upload` and write the other forms beside it.

    Raises report.Refused; a program that crashed, was killed by its limits or took too long means that the file is
    damaged, on purpose or not. Never call it inside a transaction: it takes seconds.
    """
    try:
        answer = confined_program.run(
            "sounds.audio", str(folder.resolve()), time_limit_s=TIME_LIMIT_S, output_max_bytes=ANSWER_MAX_BYTES
        )
    except confined_program.TookTooLong as error:
        log.warning("audio program took too long", extra={"event": "audio_timeout"})
        raise report.Refused(report.Reason.DAMAGED) from error
    try:
        return report.from_json(answer.output.decode())
    except (ValueError, RecursionError) as error:  # the latter: very many brackets
        log.warning(
            "audio program gave no answer",
            extra={"event": "audio_crashed", "code": answer.code, "complaints": answer.complaints},
        )
        raise report.Refused(report.Reason.DAMAGED) from error
