"""The installation in which people talk, and whom it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.voice.desk import HOTLINE, Facts
from tests.browser.voice.people import Agent, Caller, OnPage, Person, Supervisor
from tests.fault.beside import Away, Beside
from tests.fault.test_supervision import Installation, wait_until

AGENTS = ["lan", "minh"]
SOON_S = 30.0


class Center:
    """The installation, and whom it serves."""

    def __init__(self, installation: Installation, people: dict[str, Person], desk: Beside, facts: Facts) -> None:
        self.installation, self.people, self.desk, self.facts = installation, people, desk, facts
        self.address = f"http://localhost:{installation.port}"
        self._open: list[OnPage] = []

    def ask(self, name: str, *arguments: Any) -> Any:
        return self.desk.ask(name, *arguments)

    def wait(self, condition: Callable[[], Any], within_s: float = SOON_S) -> None:
        def is_so() -> bool:
            try:
                return bool(condition())
            except Away:
                return False

        wait_until(is_so, within_s, self.installation.log)

    def caller(self) -> Caller:
        page = Caller(self.people["customer"], self.address, self.facts["cookie"])
        self._open.append(page)
        return page

    def agents(self, *names: str) -> list[Agent]:
        """Agents sign in, and are available when this returns; nobody else is."""
        self.ask("begin", names)
        pages = [Agent(self.people[name], self.address, self.facts["cookie"]) for name in names]
        self._open += pages
        for name in names:
            self.wait(lambda name=name: self.ask("is_free", name))
        return pages

    def supervisor(self) -> Supervisor:
        """Who looks at the page of the last call."""
        page = Supervisor(self.people["chief"], self.address, self.facts["cookie"], self.ask("last_call_id"))
        self._open.append(page)
        return page

    def go_home(self) -> None:
        for each in self._open:
            each.close()
        self._open.clear()
        self.wait(lambda: self.ask("is_quiet"))


def connect(caller: Caller, agent: Agent, number: str = HOTLINE) -> None:
    """The caller calls, the agent answers, and both hear each other."""
    caller.dial(number)
    agent.is_rung()
    agent.click("answer")
    hear_each_other(caller, agent)


def hear_each_other(one: OnPage, other: OnPage) -> None:
    one.hears(other.person.hertz)
    other.hears(one.person.hertz)
