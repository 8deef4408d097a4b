"""What `make run` reads from its environment and tells the newcomer."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from common.supervision.errors import CannotStart
from pcc_console import static_files, up

DEMO: dict[str, Any] = {
    "project": 1,
    "console": {"user": "demo", "password": "made-up-words", "role": "owner"},
    "others": [{"user": "viewer", "password": "other-words", "role": "viewer"}],
    "token": "eyJ.a.b",
    "key_sid": "SK.0.abc",
    "number": "842873001000",
}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    for name in ("PORT", "PCC_HOST", "PCC_DATA_DIR", "PCC_DEMO", "PCC_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


def test_everything_has_a_default():
    settings = up.read_environment()

    assert (settings.host, settings.port, settings.with_demo) == ("127.0.0.1", 8000, True)
    assert settings.data_dir == up.BASE_DIR / "var"
    assert settings.address == "http://localhost:8000"


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("PCC_HOST", "192.0.2.1")
    monkeypatch.setenv("PCC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PCC_DEMO", "0")

    settings = up.read_environment()

    assert settings == up.RunSettings("192.0.2.1", 9000, tmp_path, with_demo=False)
    assert settings.address == "http://192.0.2.1:9000"


def test_production_gets_no_demo(monkeypatch):
    monkeypatch.setenv("PCC_ENVIRONMENT", "production")

    assert up.read_environment().with_demo is False


@pytest.mark.parametrize("port", ["", "http", "-1", "0", "65536", "8000.5"])
def test_a_port_that_makes_no_sense_is_refused(monkeypatch, port):
    monkeypatch.setenv("PORT", port)

    with pytest.raises(CannotStart, match="PORT must be a number from 1 to 65535"):
        up.read_environment()


def test_a_taken_port_and_an_address_of_another_machine_are_refused_differently(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} on .* is in use by another program"):
            up.check_port(up.RunSettings("127.0.0.1", port, tmp_path, with_demo=False))
    with pytest.raises(CannotStart, match="port 8000: Cannot assign requested address"):
        up.check_port(up.RunSettings("192.0.2.1", 8000, tmp_path, with_demo=False))


def test_each_process_of_the_application_is_one_program(tmp_path):
    programs = up.application_programs(up.RunSettings("127.0.0.1", 8000, tmp_path, with_demo=False))

    assert [program.name for program in programs] == ["web", "worker", "hooks", "beat", "engine", "simulator"]
    assert all(program.level > 1 for program in programs)


def test_the_newcomer_is_told_addresses_logins_and_token(tmp_path):
    text = up.welcome(up.RunSettings("127.0.0.1", 8000, tmp_path, with_demo=True), DEMO, took_s=9.64)

    assert (
        text
        == f"""
PCC Console is ready after 9.6 s.

  Console     http://localhost:8000/
  Test phone  http://localhost:8000/phone
  Softphone   http://localhost:8000/softphone
  REST API    http://localhost:8000/v1/
  API docs    http://localhost:8000/api/docs/
  Sign in     demo  /  made-up-words  (owner)
  Sign in     viewer  /  other-words  (viewer)
  Number      842873001000
  API key     SK.0.abc
  REST token  eyJ.a.b
  Data        {tmp_path}

  Ctrl-C stops everything.
"""
    )


def test_what_the_newcomer_has_changed_is_not_told_again(tmp_path):
    changed = {**DEMO, "console": {**DEMO["console"], "password": None}, "token": None, "key_sid": None}

    text = up.welcome(up.RunSettings("127.0.0.1", 8000, tmp_path, with_demo=True), changed, took_s=9.64)

    assert "Sign in     demo  /  the password that you have set  (owner)\n" in text
    assert "API key     revoked; make a new one in the console\n" in text
    assert "REST token  revoked; make a new one in the console\n" in text


def test_without_the_demo_no_logins_are_named(tmp_path):
    text = up.welcome(up.RunSettings("0.0.0.0", 80, tmp_path, with_demo=False), None, took_s=1)

    assert "Console     http://localhost:80/\n" in text
    assert "Sign in" not in text


def test_a_database_that_is_kept_elsewhere_is_named(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "postgres").symlink_to(tmp_path / "elsewhere")

    text = up.welcome(up.RunSettings("127.0.0.1", 8000, tmp_path, with_demo=False), None, took_s=1)

    assert f"  Data        {tmp_path}\n  Database    {tmp_path / 'elsewhere'}\n" in text


@pytest.fixture
def clone(tmp_path):
    base = tmp_path / "clone"
    for folder in ("requirements", "static", "ivr/static/ivr", ".venv/static", "var/static"):
        (base / folder).mkdir(parents=True)
    (base / "requirements" / "run.lock").write_text("django==5.2")
    (base / "static" / "console.css").write_text("a {}")
    data = base / "var"
    (data / "run").mkdir()
    return base, data


def test_static_files_are_collected_once_for_each_state(clone):
    base, data = clone
    assert not static_files.are_collected(base, data)

    static_files.note_collected(base, data)
    assert static_files.are_collected(base, data)

    (data / "static" / "collected.css").write_text("a {}")
    (base / ".venv" / "static" / "theirs.css").write_text("a {}")
    assert static_files.are_collected(base, data)


def _edit(base: Path) -> None:
    (base / "static" / "console.css").write_text("b {}")
    os.utime(base / "static" / "console.css", ns=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        lambda base: (base / "ivr" / "static" / "ivr" / "tree.js").write_text("1"),
        lambda base: (base / "static" / "console.css").unlink(),
        lambda base: (base / "requirements" / "run.lock").write_text("django==5.3"),
        lambda base: shutil.rmtree(base / "var" / "static"),
    ],
    ids=["edited", "added", "removed", "packages changed", "data removed"],
)
def test_static_files_are_collected_again_after_a_change(clone, change):
    base, data = clone
    static_files.note_collected(base, data)

    change(base)

    assert not static_files.are_collected(base, data)
