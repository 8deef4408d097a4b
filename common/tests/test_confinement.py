"""A program stops itself, whatever a file makes it do, and whoever started it learns what happened."""

from __future__ import annotations

import time

import pytest
from django.db import connection

from common import confined_program
from common.confinement import Limits

MEMORY_BYTES = 512 * 1024**2


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run code in a program that has limited itself."""

    def run_code(
        code: str, *, cpu_s=10, largest_file_bytes=1024**2, given=b"", time_limit_s=60.0, output_max_bytes=10_000
    ):
        limits = Limits(MEMORY_BYTES, cpu_s, largest_file_bytes)
        lines = [
            "import sys",
            f"sys.path.insert(0, {str(confined_program.CODE_FOLDER)!r})",
            "from common import confinement",
            f"confinement.limit_resources(confinement.{limits})",
            code,
        ]
        (tmp_path / "attacked.py").write_text("\n".join(lines))
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(confined_program, "CODE_FOLDER", tmp_path)
            return confined_program.run(
                "attacked", given=given, time_limit_s=time_limit_s, output_max_bytes=output_max_bytes
            )

    return run_code


def test_memory_is_limited(run):
    assert run(f"bytearray({MEMORY_BYTES})").complaints.splitlines()[-1] == "MemoryError"


def test_processor_time_is_limited(run):
    started = time.monotonic()
    assert run("while True: pass", cpu_s=1).code < 0
    assert time.monotonic() - started < 30


def test_files_are_limited(run, tmp_path):
    answer = run(
        f"open({str(tmp_path / 'f')!r}, 'wb', 0).write(bytes(2000)) == 2000 or exit(3)", largest_file_bytes=1000
    )
    assert answer.code == 3
    assert (tmp_path / "f").stat().st_size == 1000


def test_output_is_limited_on_disk_and_in_memory(run):
    assert len(run("print('x' * 100_000)", largest_file_bytes=50_000, output_max_bytes=40_000).output) == 40_000
    assert len(run("print('x' * 100_000)", largest_file_bytes=30_000, output_max_bytes=40_000).output) == 30_000


@pytest.mark.parametrize(
    "code",
    ["open('/etc/passwd')", "import socket; socket.socket()", "import os; os.pipe()", "open('/tmp/new', 'w')"],
)
def test_nothing_can_be_opened_any_more(run, code):
    answer = run(f"import socket\nconfinement.open_nothing_more()\n{code}")
    assert "Too many open files" in answer.complaints.splitlines()[-1]


def test_no_privileges_can_be_gained(run):
    assert b"NoNewPrivs:\t1" in run("print(open('/proc/self/status').read())").output


def test_input_and_output_pass_through(run):
    answer = run("sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1]); exit(7)", given=b"\x00\xff1")
    assert (answer.code, answer.output, answer.complaints) == (7, b"1\xff\x00", "")


def test_the_program_gets_none_of_our_secrets(run, monkeypatch):
    monkeypatch.setenv("PCC_SECRET_KEY", "do not tell")
    names = run("import os; print(*sorted(set(os.environ) - {'LC_CTYPE'}))").output
    assert names == b"LANG OPENBLAS_NUM_THREADS PYTHONPATH\n"


def test_a_program_that_hangs_is_killed(run):
    started = time.monotonic()
    with pytest.raises(confined_program.TookTooLong):
        run("import time; time.sleep(60)", time_limit_s=1)
    assert time.monotonic() - started < 20


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_turn_holds_no_database_connection():
    connection.ensure_connection()

    with confined_program.Turns(at_once=1, wait_s=0).take():
        assert connection.connection is None


def test_a_turn_is_given_back_whatever_happens(db):
    turns = confined_program.Turns(at_once=1, wait_s=0)
    with pytest.raises(ZeroDivisionError), turns.take():
        raise ZeroDivisionError

    with turns.take(), pytest.raises(confined_program.NoTurn), turns.take():
        pass
