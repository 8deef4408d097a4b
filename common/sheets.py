"""Tables in files: reading CSV and Excel that strangers made, and writing both so that no cell runs as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import openpyxl
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5_000  # one upload is checked and written within one request
MAX_LINES = 2 * MAX_ROWS  # blank ones included
MAX_COLUMNS = 60
MAX_CELL_LENGTH = 20_000  # the members of a group of 1,000 fit
MAX_UNZIPPED_BYTES = 40 * 1024 * 1024  # 5,000 rows of 60 full columns need half of it
MAX_ZIP_ENTRIES = 200

_ZIP_MAGIC = b"PK\x03\x04"
_OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"  # Excel writes semicolons where the comma is the decimal sign
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_PHONE_NUMBER = re.compile(r"\+[0-9 ]+")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


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
    _refuse_zip_bomb(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        # The size that a sheet claims may be a lie that costs gigabytes; ours are the only bounds.
        book.worksheets[0].reset_dimensions()
        rows = book.worksheets[0].iter_rows(max_row=MAX_LINES + 1, max_col=MAX_COLUMNS + 1, values_only=True)
        for number, cells in enumerate(rows, 1):
            yield number, [_text(cell) for cell in cells]
    except UnreadableSheet:
        raise
    except Exception as error:  # a broken or hostile workbook makes the reader fail in any way it likes
        logger.info("unreadable workbook", extra={"event": "sheet.unreadable", "error": repr(error)[:200]})
        raise UnreadableSheet(_("The Excel workbook cannot be read. Save it again as .xlsx, or as CSV.")) from error


def _refuse_zip_bomb(data: bytes) -> None:
    """The sizes in the directory are real bounds: the reader stops there, whatever the compressed data would give."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnreadableSheet(_("The Excel workbook cannot be read. Save it again as .xlsx, or as CSV.")) from error
    if len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNZIPPED_BYTES:
        raise UnreadableSheet(_("The Excel workbook is too large when it is unpacked. Split it."))


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
    """Text that a spreadsheet shows and never runs: a possible formula gets an apostrophe; `+84 909…` stays."""
    return "'" + cell if cell.startswith(_FORMULA_STARTS) and not _PHONE_NUMBER.fullmatch(cell) else cell


def unescaped(cell: str) -> str:
    """Undo `escaped`, so that an exported file can be imported again."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell
