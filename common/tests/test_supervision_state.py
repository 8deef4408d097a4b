"""The files by which other programs find a running installation."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from cryptography.fernet import Fernet

from common.supervision import state


def test_services_of_a_living_supervisor_are_found(tmp_path):
    state.store_services(tmp_path, "postgresql://one", "redis://two")

    assert state.load_services(tmp_path) == {
        "DATABASE_URL": "postgresql://one",
        "REDIS_URL": "redis://two",
        "pid": os.getpid(),
    }


def test_services_of_a_dead_supervisor_count_as_not_up(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    state.store_services(tmp_path, "postgresql://one", "redis://two")
    path = tmp_path / state.SERVICES_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": ended.pid}))

    assert state.load_services(tmp_path) is None


def test_services_are_not_found_in_a_folder_that_is_not_there(tmp_path):
    assert state.load_services(tmp_path / "nowhere") is None


def test_services_can_be_taken_back_twice(tmp_path):
    state.store_services(tmp_path, "postgresql://one", "redis://two")

    state.remove_services(tmp_path)
    state.remove_services(tmp_path)

    assert state.load_services(tmp_path) is None


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path):
    made = state.load_or_create_secrets(tmp_path)

    assert state.load_or_create_secrets(tmp_path) == made
    assert set(made) == {"PCC_SECRET_KEY", "PCC_ENCRYPTION_KEYS"}
    assert len(made["PCC_SECRET_KEY"]) >= 50
    Fernet(made["PCC_ENCRYPTION_KEYS"])
    assert stat.S_IMODE((tmp_path / state.SECRETS_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_processes_that_start_together_get_the_same_secrets(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: state.load_or_create_secrets(tmp_path), range(8)))

    assert all(each == results[0] for each in results)


def test_a_private_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "note"
    state.write_private_file(path, "first")
    state.write_private_file(path, "second")
    state.write_private_file(path, "third", keep_existing=True)

    assert path.read_text() == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
