"""`python -m sounds.audio FOLDER`: check FOLDER/upload, write the other files beside it, print one line of JSON."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from common import confinement
from sounds.audio import report
from sounds.audio.limits import LIMITS


def main(folder: Path) -> None:
    confinement.limit_resources(LIMITS)
    # Imported under the limits: loading the libraries takes memory, too.
    from sounds.audio.convert import convert, load_everything

    load_everything()

    with ExitStack() as files:
        upload = files.enter_context((folder / report.UPLOAD_FILE).open("rb"))
        targets = [files.enter_context((folder / name).open("xb")) for name in report.WRITTEN_FILES]
        confinement.open_nothing_more()
        outcome: report.Report | report.Refused
        try:
            outcome = convert(upload, *targets)
        except report.Refused as refused:
            outcome = refused
    print(report.to_json(outcome))  # noqa: T201 - the answer to the process that started this one


if __name__ == "__main__":
    main(Path(sys.argv[1]))
