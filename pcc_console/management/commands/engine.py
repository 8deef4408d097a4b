"""`manage.py engine` is the process that handles voice."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as AnyDatabaseError

from pcc_console.voice_engine import ADAPTERS, record_life
from telephony.doorbell import RedisDoorbell
from telephony.host import EngineHost, NameTaken


class Command(BaseCommand):
    help = "Run a voice engine until SIGTERM or Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=sorted(ADAPTERS), required=True)
        parser.add_argument("--node", help="the engine's name, different for each engine (default: its kind)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError, which ends the process with code 1; the supervisor starts it again."""
        from callflow import tasks  # these take the whole console along
        from callflow.nearby import NearbyDispatch
        from callflow.services import conduct

        node = options["node"] or options["kind"]
        stop = threading.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: stop.set())
        adapter = ADAPTERS[options["kind"]](node)
        doorbell = RedisDoorbell(settings.REDIS_URL, node, stop)
        try:
            with NearbyDispatch(tasks.dispatch):
                EngineHost(node, adapter, conduct, doorbell, partial(record_life, adapter.kind, node)).run(stop)
        except NameTaken as taken:
            raise CommandError(f"Another engine is called {node!r}: give each a --node of its own.") from taken
        except AnyDatabaseError as error:
            raise CommandError(f"The database does not answer: {error}".strip()) from error
