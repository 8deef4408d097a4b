"""How processes share the tests."""

from __future__ import annotations

import re
from pathlib import PurePath

from tests.scheduling import WITH_INSTALLATION, place_of, unit_of

BROWSER = PurePath("tests/browser")
STARTS_AN_INSTALLATION = re.compile(
    r"^from tests\.(fault\.test_supervision|browser\.voice\.center) import", re.MULTILINE
)


def test_whole_installations_are_started_by_one_process_after_the_other():
    assert unit_of(PurePath("tests/fault/test_calls.py")) == unit_of(PurePath("tests/fault/test_servers.py"))
    assert {unit_of(BROWSER / name) for name in WITH_INSTALLATION} == {"tests/browser"}


def test_every_other_file_is_for_whoever_is_free():
    files = [BROWSER / "test_calls.py", BROWSER / "test_outgoing.py", PurePath("api/tests/test_queues.py")]
    assert [unit_of(file) for file in files] == list(map(str, files))


def test_browsers_come_after_everything_else_and_the_longest_first():
    files = ["tests/fault/test_calls.py", "api/tests/test_queues.py", "tests/browser/test_sdk.py"]
    assert [place_of(PurePath(file)) for file in [*files, "tests/browser/test_calls.py"]] == [0, 1, 2, 3]


def test_every_file_below_browser_that_starts_an_installation_is_known(request):
    files = (request.config.rootpath / BROWSER).glob("test_*.py")
    starting = {file.name for file in files if STARTS_AN_INSTALLATION.search(file.read_text())}
    assert {"test_sdk.py", "test_voice_calls.py"} <= starting <= set(WITH_INSTALLATION)
