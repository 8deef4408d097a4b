from __future__ import annotations

import datetime as dt
import io
import resource
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import confined_program, sheets, workbook_program
from common.sheets import Sheet, UnreadableSheet


def xlsx(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_with(part: str, xml: bytes) -> bytes:
    """A workbook one part of which is exactly this XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["number"], ["1"]))) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            body = xml if entry.filename == part else source.read(entry)
            target.writestr(entry.filename, body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx_with_sheet(xml: str) -> bytes:
    """A workbook whose first sheet is exactly this XML."""
    return xlsx_with("xl/worksheets/sheet1.xml", xml.encode())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_the_delimiter_of_its_first_line(delimiter):
    text = "number|nickname\n84909|Lan\n\n84910| An \n".replace("|", delimiter)
    assert sheets.read(text.encode()) == Sheet(
        headers=("number", "nickname"), rows=(("84909", "Lan"), ("84910", "An")), lines=(2, 4)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_vietnamese_text_is_read_in_every_unicode_encoding_that_excel_writes(encoding):
    assert sheets.read("name\nNguyễn Thị Lan\n".encode(encoding)).rows == (("Nguyễn Thị Lan",),)


def test_short_rows_are_filled_up_and_quoted_line_breaks_kept():
    sheet = sheets.read(b'name,groups,phone\n"Lan","a\nb"\n')
    assert sheet.rows == (("Lan", "a\nb", ""),)
    assert sheet.lines == (2,)


def test_excel_cells_become_text_without_losing_digits():
    data = xlsx(["a", "b", "c", "d", "e"], [84909982888, 84909982888.0, True, None, dt.date(2026, 9, 2)], ["+84 909"])
    assert sheets.read(data).rows == (
        ("84909982888", "84909982888", "1", "", "2026-09-02T00:00:00"),
        ("+84 909", "", "", "", ""),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (b"number\n", "The file has no rows below its column names."),
        (b"number,\xff\n1,2\n", "The text is not UTF-8. In Excel, save as “CSV UTF-8” or as .xlsx."),
        (b"\xff\xfe\x00", "The text is not UTF-8. In Excel, save as “CSV UTF-8” or as .xlsx."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is an old Excel file. Save it as .xlsx or CSV."),
        (b"a,a\n1,2\n", "The column a is there twice."),
        (b"a,,b\n1,2,3\n", "A column has no name in the first line."),
        (b"a\n1,2\n", "Line 2 has more cells than there are column names."),
        (b"a,b\n1,x\x00y\n", "Line 2, b: there is a NUL character."),
        (b"\x00\x01\x02", "This is neither a CSV file nor an Excel workbook (.xlsx)."),
        (b'a\n"' + b"xxxxxxxxx\n" * 2_200, "Line 2, a: the text is too long. Is a quotation mark missing?"),
        (b'a\n"' + b"x" * 200_000, "Line 2 cannot be read. Is a quotation mark missing?"),
        (b"a\n" + b"1\n" * 5_001, "The file has more than 5000 rows. Split it."),
        (b"a\n" + b"\n" * 10_000 + b"1\n", "The file has more than 5000 rows. Split it."),
        (",".join(f"c{i}" for i in range(61)).encode() + b"\n1\n", "The file has more than 60 columns."),
        (b"a\n" + b"1" * (5 * 1024 * 1024), "The file is larger than 5 MB. Split it."),
        (b"PK\x03\x04 and then nothing", "The Excel workbook cannot be read. Save it again as .xlsx, or as CSV."),
    ],
)
def test_what_is_not_a_table_is_refused_with_what_to_do(data, message):
    with pytest.raises(UnreadableSheet) as refusal:
        sheets.read(data)
    assert str(refusal.value) == message


def test_workbook_with_a_zip_bomb_is_refused_before_it_is_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    assert len(out.getvalue()) < 250_000

    with pytest.raises(UnreadableSheet, match=r"too large when it is unpacked"):
        sheets.read(out.getvalue())


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.mark.parametrize(
    ("part", "xml"),
    [
        ("xl/styles.xml", b"<styleSheet %b><cellXfs>%b</cellXfs></styleSheet>" % (MAIN, b"<xf/>" * 7_500_000)),
        (
            "xl/worksheets/sheet1.xml",
            b"<worksheet %b><sheetData><row>%b</row></sheetData></worksheet>" % (MAIN, b"<c/>" * 9_000_000),
        ),
    ],
    ids=["styles", "one row"],
)
def test_workbook_that_becomes_gigabytes_of_objects_costs_us_nothing(part, xml):
    bomb = xlsx_with(part, xml)
    assert len(bomb) < 70_000
    assert len(xml) < workbook_program.MAX_UNZIPPED_BYTES
    del xml
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children_before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    with pytest.raises(UnreadableSheet, match=r"too large when it is unpacked"):
        sheets.read(bomb)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024  # kilobytes
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - children_before < workbook_program.LIMITS.cpu_s + 1


def test_workbook_that_repeats_one_long_text_is_refused():
    long = "x" * 20_000
    with pytest.raises(UnreadableSheet, match=r"too large when it is unpacked"):
        sheets.read(xlsx(["a", "b"], *[[long, long]] * 300))


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(1)",
        "print('not JSON')",
        "print('[' * 100_000)",
        "print(b'\\xff')",
        "print('{\"a\": 1}')",
        "print('[1]')",
        "print('[[1]]')",
        "print('x' * 20_000_000)",
    ],
)
def test_program_that_crashes_or_lies_means_an_unreadable_workbook(monkeypatch, tmp_path, code):
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "workbook_program.py").write_text(code)
    monkeypatch.setattr(confined_program, "CODE_FOLDER", tmp_path)
    with pytest.raises(UnreadableSheet, match=r"cannot be read"):
        sheets.read(xlsx(["number"], ["1"]))


def test_program_that_is_killed_or_hangs_means_a_workbook_that_is_too_large(monkeypatch, tmp_path):
    (tmp_path / "common").mkdir()
    program = tmp_path / "common" / "workbook_program.py"
    monkeypatch.setattr(confined_program, "CODE_FOLDER", tmp_path)
    monkeypatch.setattr(sheets, "READING_TIME_LIMIT_S", 1)
    for code in ("import os; os.kill(os.getpid(), 9)", "import time; time.sleep(60)"):
        program.write_text(code)
        with pytest.raises(UnreadableSheet, match=r"too large when it is unpacked"):
            sheets.read(xlsx(["number"], ["1"]))


def test_only_a_few_workbooks_are_read_at_once(monkeypatch):
    monkeypatch.setattr(sheets, "_reading", confined_program.Turns(at_once=2, wait_s=0.01))
    with sheets._reading.take(), sheets._reading.take():
        with pytest.raises(UnreadableSheet, match=r"Many files are being uploaded"):
            sheets.read(xlsx(["number"], ["1"]))
        assert sheets.read(b"number\n1\n").rows == (("1",),)
    assert sheets.read(xlsx(["number"], ["1"])).rows == (("1",),)


def test_blank_rows_keep_the_numbers_of_the_others():
    assert sheets.read(xlsx(["number"], [], ["1"], [None], ["2"])).lines == (3, 5)


def test_workbook_with_very_many_parts_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(201):
            archive.writestr(f"{number}", b"")
    with pytest.raises(UnreadableSheet, match=r"too large when it is unpacked"):
        sheets.read(out.getvalue())


def test_workbook_that_claims_a_gigantic_sheet_costs_nothing():
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>number</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    with pytest.raises(UnreadableSheet, match=r"no rows below"):
        sheets.read(xlsx_with_sheet(xml))


def test_workbook_with_nested_xml_entities_is_refused():
    entities = '<!ENTITY e0 "0123456789">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    xml = (
        f"<?xml version='1.0'?><!DOCTYPE worksheet [{entities}]>"
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&e9;</t></is></c></row></sheetData></worksheet>'
    )
    with pytest.raises(UnreadableSheet, match=r"cannot be read"):
        sheets.read(xlsx_with_sheet(xml))


def test_workbook_that_is_a_zip_of_something_else_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/passwd", b"root")
    with pytest.raises(UnreadableSheet, match=r"cannot be read"):
        sheets.read(out.getvalue())


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=cmd|'/C calc'!A0", "+SUM(1)", "-2+3", "@SUM(1)", "\t=1", "\r=1", "+84-1", "'=1+1", "''-", "'+84 909"],
)
def test_possible_formula_gets_an_apostrophe(cell):
    assert sheets.escaped(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["+84909982888", "+84 909 982 888", "84909", "Lan", "", "a=b", "'quoted'"])
def test_phone_numbers_and_plain_text_stay_as_they_are(cell):
    assert sheets.escaped(cell) == cell


@given(st.text(st.sampled_from("'=+-@\t8 x"), max_size=6) | st.text(st.characters(codec="utf-8"), max_size=20))
def test_escaped_text_comes_back_as_it_was(cell):
    assert sheets.unescaped(sheets.escaped(cell)) == cell


@pytest.mark.parametrize("write", [sheets.to_csv, sheets.to_xlsx])
def test_written_table_is_read_back_unchanged(write):
    rows = [("+84 909 982 888", "=1+1", "Nguyễn, “Lan”\nline two"), ("0", "", "-"), ("'=1", "''+84 9", "'x")]
    sheet = sheets.read(write(("number", "nickname", "note"), rows))
    assert sheet.headers == ("number", "nickname", "note")
    assert sheet.rows == tuple(rows)


def test_excel_gets_text_cells_and_no_formula():
    book = openpyxl.load_workbook(io.BytesIO(sheets.to_xlsx(("a",), [("=1+1",), ("00849",), ("bell\x07",)])))
    assert [(cell.value, cell.data_type) for cell in book.active["A"][1:]] == [
        ("'=1+1", "s"),
        ("00849", "s"),
        ("bell�", "s"),
    ]
