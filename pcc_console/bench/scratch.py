"""A database of its own on the server of this installation, for work that must not touch anybody's rows."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections


@contextmanager
def scratch_database() -> Iterator[str]:
    """Make an empty database with our tables, lead the default connection there, and drop it at the end.

    Also when we are interrupted or told to stop; only a kill leaves it behind (its name begins with `pcc_bench_`).
    """
    name, former = f"pcc_bench_{secrets.token_hex(4)}", connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    handler = signal.signal(signal.SIGTERM, _stop)
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        yield name
    finally:
        connections.close_all()
        if connection.settings_dict["NAME"] == name:
            connection.creation.destroy_test_db(former, verbosity=0)
        signal.signal(signal.SIGTERM, handler)


def _stop(*_: Any) -> None:
    sys.exit(128 + signal.SIGTERM)
