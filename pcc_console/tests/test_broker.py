"""A connection to the broker that is lost while a message is not acknowledged can be given up."""

from __future__ import annotations

import pytest
from django.conf import settings
from kombu import Connection
from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as RedisConnectionError

from pcc_console import broker
from pcc_console.celery import app

NOBODY_LISTENS = 1  # a port


def lose_the_broker(connection, monkeypatch):
    """From now on this connection's channels find nobody where the broker was, the first while it listens."""
    listening, other = connection.default_channel, connection.channel()

    def find_nobody():
        listening._in_poll = None
        raise RedisConnectionError("Connection refused")

    monkeypatch.setattr(listening, "_in_poll", object())
    monkeypatch.setattr(listening, "_brpop_read", find_nobody)
    monkeypatch.setattr(other, "close", find_nobody)
    listening._disconnect_pools()
    connection.port = NOBODY_LISTENS


def give_up_as_celery_does(transport, monkeypatch):
    """With a message that was taken and not acknowledged."""
    connection = Connection(settings.CELERY_BROKER_URL, transport=transport)
    queue = connection.SimpleQueue("test of the broker")
    queue.clear()
    queue.put({})
    queue.get(timeout=60)
    lose_the_broker(connection, monkeypatch)
    connection.collect()
    connection.close()


def test_a_lost_connection_can_be_given_up(monkeypatch):
    give_up_as_celery_does(broker.Transport, monkeypatch)


def test_kombu_still_needs_our_help(monkeypatch):
    """When this fails, kombu has been repaired: `pcc_console.broker` can go."""
    with pytest.raises(AttributeError, match="hostname"):
        give_up_as_celery_does(kombu_redis.Transport, monkeypatch)


def test_celery_goes_this_way_and_logs_the_usual_address():
    with app.connection_for_read() as connection:
        assert type(connection.transport) is broker.Transport
        assert connection.as_uri(include_password=True) == settings.CELERY_BROKER_URL
