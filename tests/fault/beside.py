"""A process beside an installation: it has the installation's database, which the tests themselves have not.

Shape: a line of JSON in, [name, arguments]; a line of JSON out, {"answer": …} or {"error": text}: the database is away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.fault.test_supervision import BASE_DIR

GONE_WITHIN_S = 60.0


class Away(Exception):
    """The database does not answer."""


class Beside:
    """Asks the process. `module` has a `main` that calls `answer_questions`; it is read when Django has been set up."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        start = f"import django; django.setup(); from {module} import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", start],
            cwd=BASE_DIR,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, name: str, *arguments: Any) -> Any:
        """Raises Away."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Away(answer["error"])
        return answer["answer"]

    def close(self) -> None:
        self._process.communicate(timeout=GONE_WITHIN_S)


def answer_questions(*questions: Callable[..., Any]) -> None:
    """Answer by these functions, by their names, until there are no more questions. Django has been set up."""
    from django.db import Error as AnyDatabaseError
    from django.db import close_old_connections

    by_name = {each.__name__: each for each in questions}
    for line in sys.stdin:
        name, arguments = json.loads(line)
        close_old_connections()
        try:
            answer = {"answer": by_name[name](*arguments)}
        except AnyDatabaseError as error:
            close_old_connections()
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
