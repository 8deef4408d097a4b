"""What is given to operators fits the program: the Compose file, the example of variables, and the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pcc_console.celery import HOOKS, OWN_QUEUES

BASE_DIR = Path(__file__).resolve().parent.parent.parent
COMPOSE = yaml.safe_load((BASE_DIR / "deploy" / "compose.yaml").read_text())
EXAMPLE = dict(
    line.split("=", 1)
    for line in (BASE_DIR / "deploy" / "env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
SERVICES = COMPOSE["services"]
OURS = ("web", "worker", "hooks", "beat", "engine", "simulator", "migrate")


def test_the_processes_of_the_design_are_there():
    assert sorted(SERVICES) == ["beat", "db", "engine", "hooks", "migrate", "redis", "simulator", "web", "worker"]
    assert (SERVICES["db"]["image"], SERVICES["redis"]["image"]) == ("postgres:18", "valkey/valkey:9")


@pytest.mark.parametrize("name", ["web", "worker", "hooks", "beat", "engine", "simulator"])
def test_processes_wait_for_servers_and_migrations(name):
    assert {needed: each["condition"] for needed, each in SERVICES[name]["depends_on"].items()} == {
        "migrate": "service_completed_successfully",
        "db": "service_healthy",
        "redis": "service_healthy",
    }


@pytest.mark.parametrize("name", ["worker", "hooks", "beat", "engine", "simulator", "db", "redis"])
def test_every_lasting_service_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_the_web_is_checked_by_its_image():
    assert "HEALTHCHECK" in (BASE_DIR / "deploy" / "Dockerfile").read_text()
    assert "healthcheck" not in SERVICES["web"]


@pytest.mark.parametrize(("name", "expected"), [("worker", ",".join(OWN_QUEUES)), ("hooks", HOOKS)])
def test_the_workers_listen_to_their_queues(name, expected):
    queues = re.search(r"--queues (\S+)", SERVICES[name]["command"])
    assert queues is not None
    assert queues.group(1) == expected


@pytest.mark.parametrize("name", OURS)
def test_our_processes_can_do_no_more_than_they_must(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "USER pcc" in (BASE_DIR / "deploy" / "Dockerfile").read_text()


def test_nothing_but_sound_is_open_to_other_machines():
    ports = "${PCC_MEDIA_PORTS:-40000-40099}"
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:${PORT:-8000}:8000"],
        "engine": [f"{ports}:{ports}/udp"],
    }
    assert SERVICES["engine"]["environment"]["PCC_MEDIA_PORTS"] == ports
    assert {name: SERVICES[name]["networks"] for name in ("db", "redis")} == {"db": ["inside"], "redis": ["inside"]}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_no_secret_is_in_the_files():
    given = {**SERVICES["web"]["environment"], **SERVICES["db"]["environment"], **SERVICES["redis"]["environment"]}
    assert given["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert given["REDIS_PASSWORD"].startswith("${REDIS_PASSWORD:?")
    assert given["DATABASE_URL"].startswith("postgresql://pcc:${POSTGRES_PASSWORD:?")
    assert given["REDIS_URL"].startswith("redis://:${REDIS_PASSWORD:?")
    assert {name: EXAMPLE[name] for name in EXAMPLE if re.search("PASSWORD|SECRET|KEY|TOKEN", name)} == {
        "PCC_SECRET_KEY": "",
        "PCC_ENCRYPTION_KEYS": "",
        "POSTGRES_PASSWORD": "",
        "REDIS_PASSWORD": "",
        "PCC_METRICS_TOKEN": "",
    }


def test_every_variable_that_compose_needs_is_in_the_example():
    needed = set(re.findall(r"\$\{(\w+):\?", (BASE_DIR / "deploy" / "compose.yaml").read_text()))
    assert needed == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert needed < set(EXAMPLE)


def test_every_setting_from_the_environment_is_documented():
    settings = (BASE_DIR / "pcc_console" / "settings.py").read_text()
    read = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["'](\w+)["']""", settings)) | {"PORT", "PCC_HOST", "PCC_DEMO"}
    documented = (BASE_DIR / "docs" / "operations.md").read_text()

    assert len(read) > 10
    assert [name for name in sorted(read) if f"`{name}`" not in documented] == []
