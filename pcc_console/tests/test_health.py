"""What the installation says about itself, with the real database and Redis and with dead ones."""

from __future__ import annotations

import json
import os

import pytest
import redis
from django.test import override_settings
from prometheus_client.parser import text_string_to_metric_families

from pcc_console import beat, health, heartbeats, tasks
from pcc_console.celery import QUEUES, SWEEPS, app

NOBODY_LISTENS = "127.0.0.1:1"
SECRET = "s3cret-in-the-address"


@pytest.fixture(autouse=True)
def _every_look_is_new(monkeypatch):
    monkeypatch.setattr(health, "FINDINGS_HOLD_S", 0)


@pytest.fixture(autouse=True)
def own_redis(settings):
    """A Redis database that no other test process counts in."""
    number = 14 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2
    address = f"{settings.REDIS_URL.rpartition('/')[0]}/{number}"
    settings.REDIS_URL = address
    heartbeats.forget_all(address)
    yield address
    heartbeats.forget_all(address)


@pytest.fixture
def every_process_is_alive(own_redis):
    for queue in QUEUES:
        tasks.record_worker_heartbeat(queue)
    heartbeats.record(own_redis, beat.NAME)
    heartbeats.record(own_redis, heartbeats.ENGINE + "simulated")


@pytest.mark.django_db
def test_ready_when_every_dependency_is(client, every_process_is_alive):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    found = answer.json()
    assert found["ready"] is True
    assert {name: found[name]["ok"] for name in ("database", "redis", "worker", "beat", "engine")} == {
        "database": True,
        "redis": True,
        "worker": True,
        "beat": True,
        "engine": True,
    }
    assert found["worker"]["detail"] == "answers for: default, dispatch, timers, reports, hooks"
    assert 0 <= found["worker"]["age"] < 60
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_each_dependency_has_a_line_of_its_own(client, every_process_is_alive):
    lines = client.get("/readyz").content.decode().splitlines()

    names = [line.partition(":")[0].strip('{"') for line in lines]
    assert names == ["ready", "database", "redis", "worker", "beat", "engine"]


@pytest.mark.django_db
def test_not_ready_while_a_queue_has_no_worker(client, every_process_is_alive, own_redis):
    with heartbeats.connect(own_redis) as server:
        server.hdel(heartbeats.KEY, "worker:hooks")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["worker"] == {"ok": False, "detail": "no worker answers for: hooks", "age": None}
    assert answer.json()["ready"] is False
    assert answer.json()["beat"]["ok"] is True


@pytest.mark.django_db
def test_nothing_about_the_address_of_a_dead_redis_is_told(client, settings):
    settings.REDIS_URL = f"redis://:{SECRET}@{NOBODY_LISTENS}/0"

    answer = client.get("/readyz")

    assert answer.status_code == 503
    found = answer.json()
    assert found["redis"] == {"ok": False, "detail": "does not answer (ConnectionError)", "age": None}
    assert found["worker"] == {"ok": False, "detail": "unknown while redis does not answer", "age": None}
    assert found["beat"] == {"ok": False, "detail": "unknown while redis does not answer", "age": None}
    assert found["engine"] == {"ok": False, "detail": "unknown while redis does not answer", "age": None}
    assert found["database"]["ok"] is True
    assert SECRET not in answer.content.decode()
    assert NOBODY_LISTENS not in answer.content.decode()


def test_nothing_about_the_address_of_a_dead_database_is_told(client, monkeypatch, every_process_is_alive):
    parameters = {"host": "127.0.0.1", "port": 1, "user": "pcc", "password": SECRET, "dbname": "pcc"}
    monkeypatch.setattr(health.connection, "get_connection_params", lambda: parameters)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == {"ok": False, "detail": "does not answer (OperationalError)", "age": None}
    assert answer.json()["redis"]["ok"] is True
    assert SECRET not in answer.content.decode()


def test_without_servers_nothing_is_configured(client, settings):
    settings.HAS_SERVERS = False

    found = client.get("/readyz").json()

    assert found.pop("ready") is False
    assert found == {
        name: {"ok": False, "detail": "not configured", "age": None}
        for name in ("database", "redis", "worker", "beat", "engine")
    }


@pytest.mark.parametrize(
    ("age", "ok"), [(health.WORKER_SILENCE_LIMIT_S, True), (health.WORKER_SILENCE_LIMIT_S + 0.1, False)]
)
def test_a_queue_is_dead_after_its_silence_limit(age, ok):
    ages = {f"worker:{queue}": 1.0 for queue in QUEUES} | {"worker:timers": age}

    found = health.judge_worker(ages)

    assert (found.ok, found.age) == (ok, round(age, 1))
    assert ok or found.detail == "no worker answers for: timers"


@pytest.mark.parametrize(
    ("ages", "ok", "detail"),
    [
        ({}, False, "has not sent a periodic task yet"),
        ({"beat": health.BEAT_SILENCE_LIMIT_S}, True, "sends periodic tasks"),
        ({"beat": health.BEAT_SILENCE_LIMIT_S + 0.1}, False, "has stopped sending periodic tasks"),
    ],
)
def test_beat_is_dead_after_its_silence_limit(ages, ok, detail):
    found = health.judge_beat(ages)

    assert (found.ok, found.detail) == (ok, detail)


@pytest.mark.parametrize(
    ("ages", "ok", "detail", "age"),
    [
        ({"worker:timers": 1.0}, False, "no engine has shown a sign of life yet", None),
        ({"engine:one": health.ENGINE_SILENCE_LIMIT_S}, True, "alive: one", 15.0),
        ({"engine:one": 15.1}, False, "no sign of life from: one", 15.1),
        ({"engine:two": 2.0, "engine:one": 1.0, "engine:old": 999.0}, True, "alive: one, two", 1.0),
    ],
)
def test_one_live_engine_is_enough(ages, ok, detail, age):
    assert health.judge_engine(ages) == health.Finding("engine", ok, detail, age)


def test_the_age_of_a_heartbeat_is_measured_by_redis(own_redis):
    with heartbeats.connect(own_redis) as server:
        seconds, _ = server.time()
        server.hset(heartbeats.KEY, "beat", str(seconds - 60))

        assert 60 <= heartbeats.ages(server)["beat"] < 120


def test_beat_notes_each_task_that_it_sends(own_redis, monkeypatch):
    sent = []
    app.loader.import_default_modules()
    for task in {entry["task"] for entry in app.conf.beat_schedule.values()}:
        monkeypatch.setattr(app.tasks[task], "apply_async", lambda *a, task=task, **k: sent.append((task, k)))
    scheduler = beat.BeatingScheduler(app)

    for _ in (*QUEUES, *SWEEPS):
        scheduler.tick()

    heard = [k["queue"] for task, k in sent if task == "pcc_console.tasks.record_worker_heartbeat"]
    assert sorted(heard) == sorted(QUEUES)
    assert {task for task, _ in sent} >= set(SWEEPS)
    with heartbeats.connect(own_redis) as server:
        assert heartbeats.ages(server)["beat"] < 60


def test_healthz_touches_no_dependency(client, settings, monkeypatch):
    settings.REDIS_URL = f"redis://{NOBODY_LISTENS}/0"
    monkeypatch.setattr(health, "readiness", None)

    answer = client.get("/healthz")  # the test has no access to the database either

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@override_settings(ALLOWED_HOSTS=["console.example"], SECURE_SSL_REDIRECT=True)
def test_probes_come_by_address_and_without_encryption(client):
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(client, path):
    answer = client.post(path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def metric(text, name, **labels):
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return next((each.value for each in samples if each.name == name and each.labels == labels), None)


@pytest.mark.django_db
def test_metrics_count_requests_by_view_and_show_readiness(client, every_process_is_alive):
    labels = {"view": "set_language", "method": "POST", "status": "302"}
    before = metric(client.get("/metrics").content.decode(), "pcc_http_requests_total", **labels) or 0

    client.post("/i18n/setlang/", {"language": "vi"})

    text = client.get("/metrics").content.decode()
    assert metric(text, "pcc_http_requests_total", **labels) == before + 1
    assert metric(text, "pcc_ready", dependency="database") == 1
    assert metric(text, "pcc_ready", dependency="beat") == 1
    assert metric(text, "pcc_build_info", version="source") == 1


@pytest.mark.django_db
def test_unknown_paths_and_methods_do_not_make_new_series(client):
    for number in range(3):
        client.generic(f"ODD{number}", f"/nowhere/{number}")

    text = client.get("/metrics").content.decode()
    assert "ODD" not in text
    assert "nowhere" not in text


@pytest.mark.parametrize(
    ("sent", "status"), [(None, 401), ("Bearer wrong", 401), ("Bearer right", 200), ("right", 401)]
)
@pytest.mark.django_db
def test_metrics_can_be_kept_for_those_with_the_token(client, settings, sent, status):
    settings.PCC_METRICS_TOKEN = "right"

    answer = client.get("/metrics", headers={"authorization": sent} if sent else {})

    assert answer.status_code == status
    assert (b"pcc_http_requests" in answer.content) is (status == 200)


def test_a_request_is_logged_without_its_query_and_without_full_numbers(client, caplog):
    with caplog.at_level("INFO", logger="pcc_console.requests"):
        client.get("/nowhere/84901234567?access_token=abc")

    (record,) = [each for each in caplog.records if each.name == "pcc_console.requests"]
    assert record.getMessage() == "request"
    assert (record.method, record.path, record.status) == ("GET", "/nowhere/…567", 404)


def test_heartbeats_fail_soon_when_redis_is_dead():
    with pytest.raises(redis.ConnectionError):
        heartbeats.record(f"redis://{NOBODY_LISTENS}/0", "beat")


def test_every_queue_of_the_schedule_is_one_that_workers_listen_to():
    routed = {entry["options"].get("queue") for entry in app.conf.beat_schedule.values() if "options" in entry}
    assert routed - {None} == set(QUEUES)
    routes = {route["queue"] for route in app.conf.task_routes.values()}
    assert routes <= set(QUEUES)
    assert json.loads(json.dumps(list(app.conf.accept_content))) == ["json"]
    assert app.conf.task_acks_late is True
    assert app.conf.task_ignore_result is True


def test_however_many_ask_one_looks(monkeypatch):
    looks = []
    monkeypatch.setattr(health, "FINDINGS_HOLD_S", 60)
    monkeypatch.setattr(health, "_found_at", float("-inf"))
    monkeypatch.setattr(health, "check_database", lambda: looks.append(1))
    monkeypatch.setattr(health, "check_redis_and_heartbeats", list)

    health.readiness()
    health.readiness()

    assert len(looks) == 1
