"""The Vietnamese catalogs are complete, correct and compiled (docs/translation.md)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.utils.formats import get_format
from django.utils.translation import gettext, ngettext, override

from pcc_console import catalogs, texts
from pcc_console.texts import Text

SOME_CATALOGS = [catalog for catalog in catalogs.CATALOGS if catalog.path.exists()]
every_catalog = pytest.mark.parametrize("catalog", SOME_CATALOGS, ids=lambda catalog: catalog.name)
every_source = pytest.mark.parametrize("catalog", catalogs.CATALOGS, ids=lambda catalog: catalog.name)

PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sd]|%%|\{\w*(?::\w)?\}")
TAG = re.compile(r"</?[a-z][^>]*>")
# Spelled hòa, xóa, hủy; never hoà, xoá, huỷ. Both are in use; one page must not mix them.
OTHER_SPELLING = re.compile(r"o[áàảãạéèẻẽẹ](?!\w)|(?<![qQ])u[ỳýỷỹỵ](?!\w)")


def translations(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@every_source
def test_every_text_of_the_sources_is_in_the_catalog_and_nothing_else(catalog):
    in_catalog = {catalogs.text_of(entry) for entry in catalogs.read(catalog)}
    missing = [
        f"{text.msgid!r} in {', '.join(sorted(files))}"
        for text, files in catalog.required().items()
        if text not in in_catalog
    ]
    unused = [text.msgid for text in in_catalog - catalog.allowed().keys()]

    assert (missing, unused) == ([], []), "run `make messages`, translate, run it again"


@every_catalog
def test_every_text_has_one_vietnamese_translation_that_nobody_doubts(catalog):
    entries = catalogs.read(catalog)

    assert [entry.msgid for entry in entries if not all(translations(entry)) or len(translations(entry)) != 1] == []
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []
    assert entries.metadata["Plural-Forms"] == "nplurals=1; plural=0;"


@every_catalog
def test_translations_keep_placeholders_tags_and_outer_blanks(catalog):
    def signature(text: str) -> tuple[Counter[str], list[str], str, str]:
        blanks = re.compile(r"^\s*|\s*$").findall(text)
        return Counter(PLACEHOLDER.findall(text)), TAG.findall(text), blanks[0], blanks[-1]

    changed = [
        (entry.msgid, translation)
        for entry in catalogs.read(catalog)
        for translation in translations(entry)
        if signature(translation) != signature(entry.msgid_plural or entry.msgid)
    ]

    assert changed == []


@every_catalog
def test_translations_are_spelled_in_one_way(catalog):
    strings = [translation for entry in catalogs.read(catalog) for translation in translations(entry)]

    assert [string for string in strings if OTHER_SPELLING.search(string)] == []
    assert [string for string in strings if string.strip() and "  " in string.strip()] == []


@every_catalog
def test_sentences_end_as_in_english(catalog):
    ends = {".": (".", "…"), "?": ("?", "."), ":": (":",)}
    wrong = [
        (entry.msgid, translation)
        for entry in catalogs.read(catalog)
        for translation in translations(entry)
        if (end := ends.get(entry.msgid.strip()[-1:])) and not translation.strip().endswith(end)
    ]

    assert wrong == []


@every_catalog
def test_the_compiled_catalog_is_the_one_that_was_translated(catalog):
    written = {catalogs.text_of(entry): translations(entry) for entry in catalogs.read(catalog)}
    compiled = {catalogs.text_of(entry): translations(entry) for entry in polib.mofile(str(catalogs.compiled(catalog)))}

    assert compiled == written, "run `make messages`"


@every_catalog
def test_the_catalog_file_is_in_the_order_in_which_it_is_written(catalog):
    in_file = [catalogs.text_of(entry) for entry in catalogs.read(catalog)]

    assert in_file == sorted(in_file)


def test_a_text_that_we_share_with_a_package_has_the_same_translation_in_both():
    ours, theirs = (
        {catalogs.text_of(entry): translations(entry) for entry in catalogs.read(catalog)}
        for catalog in (catalogs.CATALOGS[0], catalogs.CATALOGS[2])
    )

    different = {
        text.msgid: (ours[text], theirs[text]) for text in ours.keys() & theirs.keys() if ours[text] != theirs[text]
    }

    assert different == {}


def test_every_installed_package_is_known_to_show_texts_or_not():
    known = (*texts.SHOWN_PACKAGES, *texts.SILENT_PACKAGES)
    installed = [
        app.name
        for app in apps.get_app_configs()
        if settings.BASE_DIR not in Path(app.path).parents or ".venv" in app.path
    ]

    assert [name for name in installed if not any(name == one or name.startswith(f"{one}.") for one in known)] == []


def test_texts_are_found_in_python():
    found = texts.texts_in_python(
        'gettext("One"); _("Two" " halves"); ngettext("%(n)s day", "%(n)s days", n)\n'
        'pgettext_lazy("verb", "Open"); translation.gettext_lazy("Four"); other("Not"); _(name)\n'
    )

    assert sorted(found) == [
        Text("%(n)s day", "%(n)s days"),
        Text("Four"),
        Text("One"),
        Text("Open", context="verb"),
        Text("Two halves"),
    ]


def test_texts_are_found_in_templates():
    found = texts.texts_in_template(
        '{% load i18n %}{% translate "One" %}{% include "x" with title=_("Two") %}{{ _("It\\\'s") }}'
        "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"
        '{% translate "Open" context "verb" %}{# _("Not") #}{% comment %}{% translate "Nor this" %}{% endcomment %}'
    )

    assert sorted(found) == [
        Text("%(n)s day", "%(n)s days"),
        Text("It's"),
        Text("One"),
        Text("Open", context="verb"),
        Text("Two"),
    ]


def test_texts_are_found_in_scripts():
    found = texts.texts_in_javascript("say(gettext('One')); ngettext(\"a day\", 'days', n); _('Not');")

    assert sorted(found) == [Text("One"), Text("a day", "days")]


def test_an_update_keeps_translations_drops_unused_texts_and_leaves_new_ones_empty(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    wanted: dict[Text, frozenset[str]] = {
        Text("Old"): frozenset({"a.py"}),
        Text("%(n)s day", "%(n)s days"): frozenset({"a.py"}),
    }
    catalog = catalogs.Catalog("locale", "django", lambda: wanted, lambda: wanted)
    for entry in (entries := catalogs.update(catalog)):
        entry.msgstr, entry.msgstr_plural = ("Cũ", {}) if not entry.msgid_plural else ("", {0: "%(n)s ngày"})
    entries.save(str(catalog.path))
    wanted = {Text("%(n)s day", "%(n)s days"): frozenset({"b.html"}), Text("New"): frozenset({"b.html"})}

    catalogs.update(catalog)

    written = {entry.msgid: (translations(entry), entry.occurrences) for entry in catalogs.read(catalog)}
    assert written == {"%(n)s day": (["%(n)s ngày"], [("b.html", "")]), "New": ([""], [("b.html", "")])}
    assert [entry.msgid for entry in polib.mofile(str(catalogs.compiled(catalog)))] == ["%(n)s day"]


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        ("IVR tree", "cây IVR"),  # ours
        ("Search apps and models...", "Tìm trong menu…"),  # a package without Vietnamese
        ("Save and continue editing", "Lưu và sửa tiếp"),  # better than Django's
        ("Remove from sorting", "Bỏ sắp xếp"),
    ],
)
def test_the_translations_are_in_use(english, vietnamese):
    with override("vi"):
        assert gettext(english) == vietnamese
    with override("en"):
        assert gettext(english) == english


def test_vietnamese_has_one_plural_form():
    with override("vi"):
        assert [ngettext("%(num)d day", "%(num)d days", count) for count in (1, 2)] == ["%(num)d ngày"] * 2


@pytest.mark.parametrize(
    ("language", "typed", "understood"),
    [
        ("vi", "05/06/2026", "2026-06-05"),
        ("vi", "2026-06-05", "2026-06-05"),
        ("en", "05/06/2026", None),
        ("en", "2026-06-05", "2026-06-05"),
    ],
)
def test_a_typed_date_is_never_read_with_the_month_first(language, typed, understood):
    from django import forms

    with override(language):
        form = type("Form", (forms.Form,), {"day": forms.DateField()})({"day": typed})
        assert (form.cleaned_data["day"].isoformat() if form.is_valid() else None) == understood


@pytest.mark.parametrize(("language", "written"), [("vi", "d/m/Y H:i"), ("en", "j M Y, H:i")])
def test_clocks_have_24_hours(language, written):
    with override(language):
        assert get_format("DATETIME_FORMAT") == written
