"""Commands reach their engine once, in order, also when nobody rings."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
import redis
from django.db import connection, transaction

from common import clock
from telephony import outbox, port
from telephony.models import EngineCommand, EngineNode

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def commands(*legs: str) -> list[port.Command]:
    return [port.Answer(leg) for leg in legs]


def node(name="engine-1", reaches=("sip", "tel", "web"), seen_at=None, kind="simulated"):
    return EngineNode.objects.create(
        name=name, kind=kind, reaches=list(reaches), started_at=NOW, seen_at=seen_at or clock.now()
    )


@pytest.fixture
def second_connection():
    parameters = connection.get_connection_params()
    parameters.pop("pool", None)
    with psycopg.connect(**parameters) as other:
        yield other


def test_an_engine_takes_its_own_commands_once_and_in_order(ours):
    outbox.put("engine-1", ours.pk, "call-1", commands("a", "b"))
    outbox.put("engine-2", ours.pk, "call-2", commands("x"))
    outbox.put("engine-1", ours.pk, "call-1", commands("c"))

    assert outbox.take("engine-1", limit=2) == commands("a", "b")
    assert outbox.take("engine-1") == commands("c")
    assert outbox.take("engine-1") == []
    assert outbox.take("engine-2") == commands("x")


def test_commands_of_a_transaction_that_is_undone_are_never_taken(ours):
    with transaction.atomic():
        outbox.put("engine-1", ours.pk, "call-1", commands("a"))
        transaction.set_rollback(True)

    assert outbox.take("engine-1") == []


@pytest.mark.django_db(transaction=True)
def test_two_takers_never_get_the_same_command(ours, second_connection):
    outbox.put("engine-1", ours.pk, "call-1", commands("a", "b"))
    first = EngineCommand.objects.order_by("id").first()

    second_connection.execute("SELECT 1 FROM telephony_enginecommand WHERE id = %s FOR UPDATE", [first.pk])
    assert outbox.take("engine-1") == commands("b")
    second_connection.rollback()

    assert outbox.take("engine-1") == commands("a")
    assert outbox.take("engine-1") == []


def test_a_started_engine_can_put_aside_what_was_meant_for_its_earlier_life(ours):
    outbox.put("engine-1", ours.pk, "call-1", commands("old"))
    started_at = clock.now()
    outbox.put("engine-1", ours.pk, "call-1", commands("new"))

    assert outbox.take_of_earlier_life("engine-1", started_at) == commands("old")
    assert outbox.take("engine-1") == commands("new")


def test_a_lost_doorbell_loses_nothing(ours, monkeypatch, caplog):
    def no_server(url):
        raise redis.ConnectionError

    monkeypatch.setattr(outbox, "_server", no_server)
    outbox.put("engine-1", ours.pk, "call-1", commands("a"))

    outbox.ring(["engine-1"])

    assert [record.message for record in caplog.records] == ["engine doorbell does not ring"]
    assert outbox.take("engine-1") == commands("a")


def test_the_doorbell_rings_at_the_engine(settings):
    with redis.Redis.from_url(settings.REDIS_URL) as server, server.pubsub() as listener:
        listener.subscribe(outbox.channel_of("engine-1"))
        listener.get_message(timeout=30)  # the subscription itself

        outbox.ring(["engine-1", "engine-1"])
        outbox.ask_snapshot(["engine-1"])

        assert [listener.get_message(timeout=30)["data"] for _ in range(2)] == [b"commands", b"snapshot"]


@pytest.mark.django_db
def test_a_live_engine_that_reaches_all_kinds_is_found():
    node("browsers", reaches=("web",))
    node("trunks", reaches=("sip", "tel", "web"))

    assert outbox.node_for({"tel"}) == "trunks"
    assert outbox.node_for({"tel", "web"}) == "trunks"
    assert outbox.node_for({"web"}) == "trunks"  # others may come into the call later
    assert outbox.node_for({"fax"}) is None


@pytest.mark.django_db
def test_nobody_is_called_by_a_simulated_engine_while_a_real_one_reaches_him():
    node("pretends", kind="simulated", reaches=("sip", "tel", "web"))
    node("browsers", kind="browser", reaches=("web",))

    assert outbox.node_for({"web"}) == "browsers"
    assert outbox.node_for({"tel"}) == "pretends"


@pytest.mark.django_db
def test_an_engine_that_was_not_seen_for_15_s_is_not_used():
    silent = node(seen_at=clock.now() - dt.timedelta(seconds=16))

    assert outbox.node_for({"web"}) is None

    silent.seen_at = clock.now() - dt.timedelta(seconds=14)
    silent.save()
    assert outbox.node_for({"web"}) == "engine-1"


def test_taken_commands_are_forgotten_and_waiting_ones_kept(ours):
    outbox.put("engine-1", ours.pk, "call-1", commands("a"))
    outbox.take("engine-1")
    outbox.put("engine-1", ours.pk, "call-1", commands("b"))

    assert outbox.forget_taken(clock.now() + dt.timedelta(seconds=1)) == 1
    assert outbox.take("engine-1") == commands("b")


def test_commands_whose_taking_was_never_answered_can_be_given_back(ours):
    outbox.put("engine-1", ours.pk, "call-1", commands("a"))
    outbox.take("engine-1")
    outbox.put("engine-1", ours.pk, "call-1", commands("b"))
    taken_at = clock.now()
    outbox.take("engine-1", now=taken_at)

    assert outbox.give_back("engine-2", taken_at) == 0
    assert outbox.give_back("engine-1", taken_at) == 1
    assert outbox.take("engine-1") == commands("b")
