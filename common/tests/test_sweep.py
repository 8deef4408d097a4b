from __future__ import annotations

import os
import time

import pytest

from common.supervision import local_servers
from common.supervision.output import Output

LONG_AGO = time.time() - 10 * local_servers.SWEEP_AFTER_S


@pytest.fixture
def shared_folder(tmp_path, monkeypatch):
    """What `/tmp` is on a machine with several users."""
    monkeypatch.setattr(local_servers.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@pytest.fixture
def installation(tmp_path):
    """The data folder of somebody's installation, not used for a long time."""
    folder = tmp_path / "var"
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("18")
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def test_a_link_that_somebody_put_there_is_not_followed(shared_folder, installation):
    (shared_folder / f"{local_servers.THROW_AWAY_PREFIX}evil").symlink_to(installation)

    local_servers._sweep(Output())

    assert (installation / "postgres" / "PG_VERSION").exists()


def test_a_link_inside_a_folder_of_ours_is_not_followed_out_of_it(shared_folder, installation):
    folder = shared_folder / f"{local_servers.THROW_AWAY_PREFIX}left"
    folder.mkdir()
    (folder / "postgres").symlink_to(installation / "postgres")
    os.utime(folder, (LONG_AGO, LONG_AGO))

    local_servers._sweep(Output())

    assert not folder.exists()
    assert (installation / "postgres" / "PG_VERSION").exists()


def test_a_young_folder_stays(shared_folder):
    folder = shared_folder / f"{local_servers.THROW_AWAY_PREFIX}young"
    folder.mkdir()

    local_servers._sweep(Output())

    assert folder.exists()
