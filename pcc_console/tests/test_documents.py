"""What the documents name is there: files, headings, commands, variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OUR_ROOMS = ("pcc_console", "api", "routing", "numbers_app", "ivr", "queues", "agents", "projects", "common", "tests")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@every_document
def test_links_lead_somewhere(document):
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text())):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (document.parent / target) if target else document
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            dead.append(link)
    assert dead == []


@every_document
def test_files_of_ours_that_are_named_exist(document):
    named = re.findall(rf"`((?:{'|'.join(OUR_ROOMS)}|docs|deploy)/[\w/.-]+\.\w+)`", document.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_document
def test_management_commands_that_are_named_exist(document):
    named = re.findall(r"manage\.py (\w+)", document.read_text())
    assert [name for name in named if name not in get_commands()] == []


def test_the_readme_lists_our_commands():
    table = (ROOT / "README.md").read_text().split("## Commands")[1].split("##")[0]
    listed = set(re.findall(r"`(\w+)", re.sub(r"^.*?\|---\|---\|", "", table, flags=re.DOTALL)))
    ours = {name for name, app in get_commands().items() if app == "pcc_console"}
    assert ours - {"up", "engine", "makemessages", "compilemessages"} <= listed


@every_document
def test_variables_that_are_named_are_read_somewhere(document):
    sources = "".join(path.read_text() for room in OUR_ROOMS for path in (ROOT / room).rglob("*.py"))
    named = set(re.findall(r"\b(PCC_[A-Z_]+)\b", document.read_text()))
    deployed = (ROOT / "deploy" / "compose.yaml").read_text()
    assert {name for name in named if name not in sources and name not in deployed} == set()
