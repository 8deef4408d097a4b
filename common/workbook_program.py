"""`python -m common.workbook_program MAX_ROWS MAX_COLUMNS < WORKBOOK > JSON`: the cells of a workbook's first sheet.

A program of its own, because the library builds objects from every part of a workbook before it looks at our bounds:
45 KB of XML that says the same very often unpack to gigabytes of objects (measured 2026-11).

Prints a list of rows, each a list of texts without the empty ones at its end; nothing after MAX_ROWS rows, and no cell
after MAX_COLUMNS. Exits with TOO_LARGE or UNREADABLE.
"""

from __future__ import annotations

import codecs
import datetime as dt
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Final

import openpyxl

from common.confinement import Limits, limit_resources, open_nothing_more

MAX_UNZIPPED_BYTES = 40 * 1024 * 1024  # 5,000 rows of 60 full columns need half of it
MAX_ZIP_ENTRIES = 200
MAX_OUTPUT_BYTES = 10 * 1024 * 1024  # as text 5,000 rows of 60 full columns are 6 MB
LIMITS: Final = Limits(memory_bytes=384 * 1024**2, cpu_s=10, largest_file_bytes=MAX_OUTPUT_BYTES)

TOO_LARGE = 3  # exit codes
UNREADABLE = 4


class TooLarge(Exception):
    """There is more in the workbook than we take."""


def main(workbook: bytes, max_rows: int, max_columns: int) -> str:
    """The answer as JSON. Raises TooLarge, MemoryError, or anything at all for a broken or hostile workbook."""
    _refuse_zip_bomb(workbook)
    pieces: list[str] = []
    size = 0
    for row in _rows(workbook, max_rows, max_columns):
        pieces.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
        size += len(pieces[-1].encode()) + 1
        if size > MAX_OUTPUT_BYTES - 2:
            raise TooLarge
    return f"[{','.join(pieces)}]"


def _refuse_zip_bomb(workbook: bytes) -> None:
    """The sizes in the directory are real bounds: the reader stops there, whatever the compressed data would give."""
    entries = zipfile.ZipFile(io.BytesIO(workbook)).infolist()
    if len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNZIPPED_BYTES:
        raise TooLarge


def _rows(workbook: bytes, max_rows: int, max_columns: int) -> Iterator[list[str]]:
    book = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True, data_only=True, keep_links=False)
    # The size that a sheet claims may be a lie that costs gigabytes; ours are the only bounds.
    book.worksheets[0].reset_dimensions()
    for cells in book.worksheets[0].iter_rows(max_row=max_rows, max_col=max_columns, values_only=True):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "1" if cell else "0"
        case float() if cell.is_integer():
            return str(int(cell))
        case dt.datetime() | dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)


if __name__ == "__main__":
    limit_resources(LIMITS)
    codecs.lookup("cp437")  # of names in ZIP files; later it could not be loaded
    given = sys.stdin.buffer.read()
    open_nothing_more()
    try:
        answer = main(given, int(sys.argv[1]), int(sys.argv[2])).encode()
    except (TooLarge, MemoryError):
        raise SystemExit(TOO_LARGE) from None
    except Exception as error:  # a broken or hostile workbook makes the reader fail in any way it likes
        print(repr(error)[:200], file=sys.stderr)  # noqa: T201 - for the log of the process that started this one
        raise SystemExit(UNREADABLE) from None
    sys.stdout.buffer.write(answer)
