"""The catalogue of our pages' scripts: both languages have every text, and every text that is named is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "softphone" / "static" / "softphone"
TEMPLATES = Path(settings.BASE_DIR) / "templates" / "softphone"
ENTRY = re.compile(r'^    "(?P<key>[^"]+)": "(?P<text>(?:[^"\\]|\\.)*)",$', re.MULTILINE)
PLACE = re.compile(r"\{\w+\}")


def catalogue(language: str) -> dict[str, str]:
    source = (STATIC / "texts.js").read_text(encoding="utf-8")
    part = source.partition(f"  {language}: {{\n")[2].partition("\n  },\n")[0]
    return {match["key"]: match["text"] for match in ENTRY.finditer(part + "\n")}


def test_both_languages_have_the_same_texts_in_the_same_order():
    assert list(catalogue("en")) == list(catalogue("vi"))
    assert len(catalogue("en")) > 150


def test_both_languages_fill_in_the_same_values():
    english, vietnamese = catalogue("en"), catalogue("vi")
    different = [
        key for key in english if sorted(PLACE.findall(english[key])) != sorted(PLACE.findall(vietnamese[key]))
    ]
    assert different == []


@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_text_is_empty(language):
    assert [key for key, text in catalogue(language).items() if not text.strip()] == []


def named_keys() -> set[str]:
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.rglob("*.js") if path.name != "texts.js")
    pages = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    said = set(re.findall(r'\bsay\("([^"]+)"', scripts))
    return said | set(re.findall(r'data-say(?:-\w+)?="([^"]+)"', pages))


def test_every_text_that_scripts_and_pages_name_is_there():
    assert named_keys() - set(catalogue("en")) == set()
