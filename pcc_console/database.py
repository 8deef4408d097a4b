"""How this process is connected to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Whoever serves people holds nothing up: a transaction that does nothing for so long belongs to somebody who hangs, and
# keeps rows from everybody else. None waits for customers' servers (house rule), so none rests longer than a moment.
IDLE_IN_TRANSACTION_MS = 30_000
# Who waits longer for a row or a table than people wait for a page gives up, and engine events are tried again; else
# everybody queues up behind one who waits, say for a migration.
LOCK_MS = 10_000
SERVERS = ("uvicorn", "gunicorn", "hypercorn", "daphne", "celery")  # what our web and our workers run under


def serves(arguments: Sequence[str]) -> bool:
    """Whether a program with these arguments serves people: web, workers, engines; not migrations, not commands."""
    program = Path(arguments[0])
    name = program.parent.name if program.name == "__main__.py" else program.stem
    return name in SERVERS or (name == "manage" and list(arguments[1:2]) == ["engine"])


def with_limits(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a connection on which the server ends what takes too long; limits that it already names stay."""
    ours = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} -c lock_timeout={LOCK_MS}"
    return {**options, "options": f"{ours} {options.get('options', '')}".strip()}
