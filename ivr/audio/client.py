"""Start the program for one uploaded file and read its answer."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from ivr.audio import report

TIME_LIMIT_S = 120  # by the clock on the wall: a machine under load gets to its 60 s of processor time later
CODE_FOLDER = Path(__file__).resolve().parents[2]
ANSWER_MAX_BYTES = 16_384

log = logging.getLogger(__name__)


def check_and_convert(folder: Path) -> report.Report:
    """Check `folder/upload` and write the other forms beside it.

    Raises report.Refused; a program that crashed, was killed by its limits or took too long means that the file is
    damaged, on purpose or not. Never call it inside a transaction: it takes seconds.
    """
    answer, complaints = folder / "answer", folder / "complaints"
    try:
        with answer.open("xb") as stdout, complaints.open("xb") as stderr:
            done = subprocess.run(
                [sys.executable, "-P", "-B", "-m", "ivr.audio", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                # Nothing of our environment: it holds the secrets.
                env={"PYTHONPATH": str(CODE_FOLDER), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
                timeout=TIME_LIMIT_S,
                check=False,
            )
        return report.from_json(_start_of(answer))
    except subprocess.TimeoutExpired as error:
        log.warning("audio program took too long", extra={"event": "audio_timeout"})
        raise report.Refused(report.Reason.DAMAGED) from error
    except ValueError as error:
        log.warning(
            "audio program gave no answer",
            extra={"event": "audio_crashed", "code": done.returncode, "complaints": _start_of(complaints)},
        )
        raise report.Refused(report.Reason.DAMAGED) from error
    finally:
        answer.unlink(missing_ok=True)
        complaints.unlink(missing_ok=True)


def _start_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(ANSWER_MAX_BYTES).decode(errors="replace")
