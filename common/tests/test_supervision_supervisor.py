"""The supervisor's behaviour, with small programs in the place of servers."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from common.supervision import processes, state
from common.supervision.errors import CannotStart, StopRequested
from common.supervision.output import Output
from common.supervision.processes import Program
from common.supervision.supervisor import PROCESSES_FILE, Supervisor

WITHIN_S = 20.0
# Says that it is there, then waits; on SIGTERM it appends its name to a file and ends.
OBEDIENT = """
import signal, sys, time
name, diary = sys.argv[1:3]
def end(*_):
    with open(diary, "a") as file: file.write(name + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("here", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(600)
"""


@pytest.fixture
def shown():
    return io.StringIO()


@pytest.fixture
def open_supervisor(tmp_path, shown):
    return lambda: Supervisor(tmp_path / "data", Output(shown))


def python(name, code, *arguments, level=0, **more):
    return Program(name, (sys.executable, "-c", code, *arguments), level=level, **more)


def wait_for_pid(supervisor, tmp_path, name, other_than=0):
    """Let the supervisor work until it has recorded a (new) process of this name."""

    def recorded():
        path = tmp_path / "data" / PROCESSES_FILE
        rows = json.loads(path.read_text()) if path.exists() else []
        return next((row["pid"] for row in rows if row["name"] == name and row["pid"] != other_than), None)

    assert supervisor.wait_until(lambda: recorded() is not None, WITHIN_S)
    return recorded()


def recorded(program, run):
    """What a supervisor notes about a program that it runs."""
    found = processes.footprint(program, run.pid)
    assert found is not None
    return found.as_json()


def record_as_left_over(tmp_path, *rows):
    state.write_private_file(tmp_path / "data" / PROCESSES_FILE, json.dumps(rows))


def test_a_program_that_ends_is_started_again(open_supervisor, tmp_path, shown):
    with open_supervisor() as supervisor:
        supervisor.keep_running(python("web", OBEDIENT, "web", str(tmp_path / "diary")))
        first = wait_for_pid(supervisor, tmp_path, "web")
        assert supervisor.wait_until(lambda: shown.getvalue().count("web      | here") == 1, WITHIN_S)

        os.kill(first, signal.SIGKILL)
        second = wait_for_pid(supervisor, tmp_path, "web", other_than=first)

        assert supervisor.wait_until(lambda: shown.getvalue().count("web      | here") == 2, WITHIN_S)
        assert psutil.pid_exists(second)
    assert "web was ended by SIGKILL; starting it again in 0.2 s" in shown.getvalue()
    assert not psutil.pid_exists(second)


def test_a_program_that_keeps_ending_is_started_again_with_longer_pauses(open_supervisor, shown):
    with open_supervisor() as supervisor:
        supervisor.keep_running(python("web", "raise SystemExit(3)"))

        assert supervisor.wait_until(lambda: "again in 1 s" in shown.getvalue(), WITHIN_S)

    pauses = [line.rpartition(" again in ")[2] for line in shown.getvalue().splitlines() if "again in" in line]
    assert pauses == ["0.2 s", "0.5 s", "1 s"]
    assert "web ended with code 3" in shown.getvalue()


def test_a_server_that_cannot_run_is_given_up_with_the_end_of_its_log(open_supervisor, tmp_path):
    log = tmp_path / "server.log"
    server = python("postgres", "import sys; sys.exit('no space left')", log_file=log)
    with open_supervisor() as supervisor:
        supervisor.keep_running(server)
        with pytest.raises(CannotStart) as refused:
            supervisor.wait_until_ready(server, lambda: False, WITHIN_S)

    assert str(refused.value) == "\n".join(["postgres did not start:"] + 4 * ["no space left"])


def test_programs_are_stopped_before_those_they_rely_on(open_supervisor, tmp_path, shown):
    diary = tmp_path / "diary"
    with open_supervisor() as supervisor:
        for name, level in (("postgres", 0), ("valkey", 1), ("web", 2)):
            supervisor.keep_running(python(name, OBEDIENT, name, str(diary), level=level))
        assert supervisor.wait_until(lambda: shown.getvalue().count("| here") == 3, WITHIN_S)

    assert diary.read_text() == "web valkey postgres "


def test_a_program_that_does_not_stop_is_forced_to(open_supervisor, tmp_path, shown):
    with open_supervisor() as supervisor:
        supervisor.keep_running(python("web", STUBBORN, stop_within_s=0.3))
        pid = wait_for_pid(supervisor, tmp_path, "web")
        assert supervisor.wait_until(lambda: "| here" in shown.getvalue(), WITHIN_S)

    assert not psutil.pid_exists(pid)
    assert "web did not stop within 0.3 s and is forced to" in shown.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_interrupts_whatever_waits(open_supervisor, number):
    before = signal.getsignal(number)
    with open_supervisor() as supervisor:
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequested):
            supervisor.watch()

    assert signal.getsignal(number) is before


def test_a_second_supervisor_of_the_same_folder_is_refused_and_changes_nothing(open_supervisor, tmp_path):
    with open_supervisor() as supervisor:
        supervisor.keep_running(python("web", OBEDIENT, "web", str(tmp_path / "diary")))
        pid = wait_for_pid(supervisor, tmp_path, "web")
        state.store_services(tmp_path / "data", "postgresql://one", "redis://two")

        with pytest.raises(CannotStart, match=f"already running on .* \\(process {os.getpid()}\\)"):
            open_supervisor().__enter__()

        assert psutil.pid_exists(pid)
        assert state.load_services(tmp_path / "data") is not None
    assert state.load_services(tmp_path / "data") is None


def test_the_folder_is_free_again_after_an_orderly_stop(open_supervisor, tmp_path):
    with open_supervisor():
        pass
    with open_supervisor():
        pass
    assert sorted(path.name for path in (tmp_path / "data" / "run").iterdir()) == ["supervisor.lock"]


def test_what_a_killed_supervisor_has_left_running_is_stopped_at_the_next_start(open_supervisor, tmp_path, shown):
    diary = tmp_path / "diary"
    program = python("web", OBEDIENT, "web", str(diary))
    with subprocess.Popen(program.command, stdout=subprocess.PIPE, start_new_session=True) as left_over:
        assert left_over.stdout is not None
        assert left_over.stdout.readline() == b"here\n"
        record_as_left_over(tmp_path, recorded(program, left_over))

        with open_supervisor():
            pass

        assert left_over.wait(WITHIN_S) == 0
    assert diary.read_text() == "web "
    assert "was killed; stopped what was left over: web" in shown.getvalue()


def test_a_process_that_only_got_the_same_pid_is_left_alone(open_supervisor, tmp_path):
    other = python("web", "import time; time.sleep(600)")
    with subprocess.Popen(other.command, start_new_session=True) as stranger:
        found = recorded(other, stranger)
        born_earlier = {**found, "born": found["born"] - 3600}
        record_as_left_over(tmp_path, born_earlier, {**found, "command": ["something", "else"]})

        with open_supervisor():
            pass

        assert stranger.poll() is None
        stranger.kill()


def test_a_step_returns_what_it_printed_and_shows_its_errors(open_supervisor, shown):
    code = "import sys; print('one'); print('two'); print('careful', file=sys.stderr)"
    with open_supervisor() as supervisor:
        assert supervisor.run_step("migrate", (sys.executable, "-c", code), WITHIN_S) == ["one", "two"]
    assert shown.getvalue() == "migrate  | careful\n"


def test_a_step_that_fails_ends_the_start(open_supervisor):
    with open_supervisor() as supervisor, pytest.raises(CannotStart, match="ended with code 4"):
        supervisor.run_step("migrate", (sys.executable, "-c", "raise SystemExit(4)"), WITHIN_S)


def test_a_step_that_hangs_is_ended(open_supervisor):
    began = time.monotonic()
    with open_supervisor() as supervisor, pytest.raises(CannotStart, match="did not end within 0 s"):
        supervisor.run_step("migrate", (sys.executable, "-c", "import time; time.sleep(600)"), 0.3)
    assert time.monotonic() - began < WITHIN_S


def test_a_data_folder_that_cannot_be_made_is_refused_with_advice(tmp_path, shown):
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotStart, match="cannot be used: Not a directory"):
        Supervisor(tmp_path / "file" / "data", Output(shown)).__enter__()


def test_a_data_folder_of_somebody_else_is_refused_with_his_name(tmp_path, shown, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    owner = psutil.Process().username()

    with pytest.raises(CannotStart, match=f"which belongs to {owner}, cannot be used: Permission denied"):
        Supervisor(tmp_path, Output(shown)).__enter__()
