"""How processes share the tests."""

from __future__ import annotations

from pathlib import PurePath
from types import SimpleNamespace

from tests.scheduling import in_order, place_of, unit_of

BROWSER = PurePath("tests/browser")
VOICE = BROWSER / "voice"


def test_whole_installations_are_started_by_one_process_after_the_other():
    assert unit_of(PurePath("tests/fault/test_calls.py")) == unit_of(PurePath("tests/fault/test_servers.py"))
    assert unit_of(VOICE / "test_calls.py") == unit_of(VOICE / "test_sdk.py") == str(VOICE)


def test_every_other_file_is_for_whoever_is_free():
    files = [BROWSER / "test_calls.py", BROWSER / "test_outgoing.py", PurePath("api/tests/test_queues.py")]
    assert [unit_of(file) for file in files] == list(map(str, files))


def test_browsers_come_after_everything_else_and_the_longest_first():
    files = [
        "tests/fault/test_calls.py",
        "api/tests/test_queues.py",
        VOICE / "test_calls.py",
        BROWSER / "test_calls.py",
    ]
    assert [place_of(PurePath(file)) for file in files] == [0, 1, 2, 3]


def test_of_one_place_the_fullest_comes_first_and_each_stays_together():
    root = PurePath("/project")
    names = [
        "a/test_few.py",
        "b/test_many.py",
        "a/test_few.py",
        "b/test_many.py",
        "b/test_many.py",
        "tests/fault/test_x.py",
    ]
    items = [SimpleNamespace(path=root / name) for name in names]
    ordered = [str(item.path.relative_to(root)) for item in in_order(items, root)]
    assert ordered == ["tests/fault/test_x.py", *["b/test_many.py"] * 3, *["a/test_few.py"] * 2]


def test_installations_with_browsers_are_started_in_their_folder_only(request):
    files = (request.config.rootpath / BROWSER).glob("test_*.py")
    assert [file.name for file in files if "import Installation" in file.read_text()] == []
