"""The catalogs under locale/: what belongs into each, and how they are written. Needs the development packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polib
from django.conf import settings

from pcc_console import texts
from pcc_console.texts import Found, Text

LANGUAGE = "vi"
HEADER = {
    "Project-Id-Version": "PCC Console",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}


@dataclass(frozen=True)
class Catalog:
    """One .po file with its compiled .mo, and where its texts come from.

    `required` are the texts that must be there; `allowed` those that may be (to correct a package's translation).
    """

    folder: str
    domain: str
    required: Callable[[], Found]
    allowed: Callable[[], Found]

    @property
    def name(self) -> str:
        return f"{self.folder}/{LANGUAGE}/LC_MESSAGES/{self.domain}.po"

    @property
    def path(self) -> Path:
        return Path(settings.BASE_DIR) / self.name


def _own(domain: str) -> Catalog:
    return Catalog("locale", domain, lambda: texts.own_texts(domain), lambda: texts.own_texts(domain))


def _vendor(domain: str) -> Catalog:
    return Catalog(
        "locale/vendor", domain, lambda: texts_that_packages_lack(domain), lambda: texts.package_texts(domain)
    )


CATALOGS = (_own(texts.PAGES), _own(texts.SCRIPTS), _vendor(texts.PAGES), _vendor(texts.SCRIPTS))


def texts_that_packages_lack(domain: str) -> Found:
    """The texts of shown packages that their own catalogs leave in English."""
    brought = _translations_that_packages_bring(domain)
    return {text: files for text, files in texts.package_texts(domain).items() if text not in brought}


def read(catalog: Catalog) -> polib.POFile:
    """The catalog as it stands; empty when there is no file."""
    return polib.pofile(str(catalog.path), wrapwidth=0) if catalog.path.exists() else polib.POFile(wrapwidth=0)


def update(catalog: Catalog) -> polib.POFile:
    """Rewrite a catalog with exactly the texts of the sources, in a stable order, and compile it.

    Translations are kept; texts that are no longer shown go; new ones come without a translation. No fuzzy guesses.
    """
    kept = {text_of(entry): entry for entry in read(catalog) if entry.translated()}
    allowed, required = catalog.allowed(), catalog.required()
    written = polib.POFile(wrapwidth=0)
    written.metadata = HEADER
    for text in sorted(text for text in allowed if text in required or text in kept):
        written.append(_entry(text, allowed[text], kept.get(text)))
    if len(written):
        catalog.path.parent.mkdir(parents=True, exist_ok=True)
        written.save(str(catalog.path), newline="\n")
        written.save_as_mofile(str(compiled(catalog)))
    else:
        catalog.path.unlink(missing_ok=True)
        compiled(catalog).unlink(missing_ok=True)
    return written


def compiled(catalog: Catalog) -> Path:
    """The file that Django reads."""
    return catalog.path.with_suffix(".mo")


def text_of(entry: polib.POEntry | polib.MOEntry) -> Text:
    """The text that an entry translates."""
    return Text(entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")


def _entry(text: Text, files: frozenset[str], before: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(
        msgid=text.msgid,
        msgid_plural=text.plural,
        msgctxt=text.context or None,
        occurrences=[(file, "") for file in sorted(files)],
        flags=_format_flags(text),
    )
    if text.plural:
        entry.msgstr_plural = {0: before.msgstr_plural[0] if before else ""}
    else:
        entry.msgstr = before.msgstr if before else ""
    return entry


def _format_flags(text: Text) -> list[str]:
    return ["python-format"] if "%(" in text.msgid + text.plural else []


def _translations_that_packages_bring(domain: str) -> set[Text]:
    files = {
        path
        for package in ("django.conf", *texts.SHOWN_PACKAGES)
        for path in texts.folder_of(package).rglob(f"locale/{LANGUAGE}/LC_MESSAGES/{domain}.mo")
    }
    return {
        text_of(entry) for path in files for entry in polib.mofile(str(path)) if entry.msgstr or entry.msgstr_plural
    }
