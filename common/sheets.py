"""Tables in files: reading CSV and Excel that strangers made, and writing both so that no cell runs as a formula."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import openpyxl
from django.utils.translation import gettext as _

from common import confined_program, workbook_program

logger = logging.getLogger(__name__)

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5_000  # one upload is checked and written within one request
MAX_LINES = 2 * MAX_ROWS  # blank ones included
MAX_COLUMNS = 60
MAX_CELL_LENGTH = 20_000  # the members of a group of 1,000 fit
READING_TIME_LIMIT_S = 30  # by the clock on the wall: a machine under load gets to its 10 s of processor time later

_ZIP_MAGIC = b"PK\x03\x04"
_OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"  # Excel writes semicolons where the comma is the decimal sign
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_PHONE_NUMBER = re.compile(r"\+[0-9 ]+")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_reading = confined_program.Turns(at_once=2, wait_s=5)  # each takes memory and a whole core


class UnreadableSheet(Exception):
    """The file is not a table that we take; the message tells a person what to do."""


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Shape: `rows` are as long as `headers`; `lines[i]` is the line (CSV) or row (Excel) of `rows[i]` in the file.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def read(data: bytes) -> Sheet:
    """Read a table from a CSV file (commas, semicolons or tabs; UTF-8 or UTF-16) or an Excel workbook's first sheet.

    The first line names the columns. Blank lines are left out. Every cell is trimmed text; whole numbers have no `.0`.
    Raises UnreadableSheet.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableSheet(
            _("The file is larger than %(limit)d MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024}
        )
    if data.startswith(_OLD_EXCEL_MAGIC):
        raise UnreadableSheet(_("This is an old Excel file. Save it as .xlsx or CSV."))
    lines = _xlsx_lines(data) if data.startswith(_ZIP_MAGIC) else _csv_lines(data)
    return _sheet(lines)


def _sheet(lines: Iterator[tuple[int, Sequence[str]]]) -> Sheet:
    filled = ((number, [cell.strip() for cell in cells]) for number, cells in lines)
    filled = ((number, cells) for number, cells in filled if any(cells))
    headers = _checked_headers(next(filled, (0, []))[1])
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, cells in filled:
        if len(rows) == MAX_ROWS or number > MAX_LINES:
            raise UnreadableSheet(_("The file has more than %(limit)d rows. Split it.") % {"limit": MAX_ROWS})
        rows.append(_checked_row(cells, headers, number))
        numbers.append(number)
    if not rows:
        raise UnreadableSheet(_("The file has no rows below its column names."))
    return Sheet(headers, tuple(rows), tuple(numbers))


def _checked_headers(cells: Sequence[str]) -> tuple[str, ...]:
    headers = tuple(cells)
    while headers and not headers[-1]:
        headers = headers[:-1]
    if not headers:
        raise UnreadableSheet(_("The file is empty."))
    if len(headers) > MAX_COLUMNS:
        raise UnreadableSheet(_("The file has more than %(limit)d columns.") % {"limit": MAX_COLUMNS})
    if any("\0" in header or len(header) > 100 for header in headers):
        raise UnreadableSheet(_("This is neither a CSV file nor an Excel workbook (.xlsx)."))
    if "" in headers:
        raise UnreadableSheet(_("A column has no name in the first line."))
    if twice := next((header for header in headers if headers.count(header) > 1), ""):
        raise UnreadableSheet(_("The column %(name)s is there twice.") % {"name": twice})
    return headers


def _checked_row(cells: Sequence[str], headers: tuple[str, ...], line: int) -> tuple[str, ...]:
    if any(cells[len(headers) :]):
        raise UnreadableSheet(_("Line %(line)d has more cells than there are column names.") % {"line": line})
    for header, cell in zip(headers, cells, strict=False):
        if "\0" in cell:
            raise UnreadableSheet(
                _("Line %(line)d, %(column)s: there is a NUL character.") % {"line": line, "column": header}
            )
        if len(cell) > MAX_CELL_LENGTH:
            raise UnreadableSheet(
                _("Line %(line)d, %(column)s: the text is too long. Is a quotation mark missing?")
                % {"line": line, "column": header}
            )
    padded = [*cells, *[""] * len(headers)][: len(headers)]
    return tuple(unescaped(cell) for cell in padded)


def _csv_lines(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    encoding = "utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableSheet(_("The text is not UTF-8. In Excel, save as “CSV UTF-8” or as .xlsx.")) from error
    first_line = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableSheet(
            _("Line %(line)d cannot be read. Is a quotation mark missing?") % {"line": line}
        ) from error


def _xlsx_lines(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Have the workbook read by a program of its own, which a hostile one can only make fail."""
    try:
        with _reading.take():
            answer = confined_program.run(
                "common.workbook_program",
                *(str(MAX_LINES + 1), str(MAX_COLUMNS + 1)),
                given=data,
                time_limit_s=READING_TIME_LIMIT_S,
                output_max_bytes=workbook_program.MAX_OUTPUT_BYTES,
            )
    except confined_program.NoTurn as error:
        raise UnreadableSheet(_("Many files are being uploaded. Please try again in a minute.")) from error
    except confined_program.TookTooLong as error:
        logger.warning("workbook took too long", extra={"event": "sheet.timeout"})
        raise UnreadableSheet(_("The Excel workbook is too large when it is unpacked. Split it.")) from error
    if answer.code == workbook_program.TOO_LARGE or answer.code < 0:  # negative: killed by its limits
        logger.info("workbook too large", extra={"event": "sheet.too_large", "code": answer.code})
        raise UnreadableSheet(_("The Excel workbook is too large when it is unpacked. Split it."))
    try:
        if answer.code:
            raise ValueError(answer.code)
        yield from enumerate(_checked_answer(answer.output), 1)
    except (ValueError, RecursionError) as error:
        logger.info("unreadable workbook", extra={"event": "sheet.unreadable", "complaints": answer.complaints[-200:]})
        raise UnreadableSheet(_("The Excel workbook cannot be read. Save it again as .xlsx, or as CSV.")) from error


def _checked_answer(output: bytes) -> list[list[str]]:
    """The rows; nothing is trusted, because the program may have been taken over by its file.

    Raises ValueError, or RecursionError for very many brackets.
    """
    rows = json.loads(output)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError(output[:100])
    if not all(isinstance(cell, str) for row in rows for cell in row):
        raise ValueError(output[:100])
    return rows


def to_csv(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with a byte-order mark, without which Excel garbles Vietnamese names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headers)
    writer.writerows([escaped(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """An Excel workbook with one sheet of text cells; characters that Excel cannot hold become `�`."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append(list(headers))
    for row in rows:
        sheet.append([_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", escaped(cell)) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def escaped(cell: str) -> str:
    """Text that a spreadsheet shows and never runs: a possible formula gets an apostrophe; `+84 909…` stays.

    What begins with apostrophes and then like a formula gets one more, so that `unescaped` takes the right one away.
    """
    return "'" + cell if _looks_like_formula(cell) and not _PHONE_NUMBER.fullmatch(cell) else cell


def unescaped(cell: str) -> str:
    """Undo `escaped`, so that an exported file can be imported again."""
    return cell[1:] if cell.startswith("'") and _looks_like_formula(cell) else cell


def _looks_like_formula(cell: str) -> bool:
    return cell.lstrip("'").startswith(_FORMULA_STARTS)
