"""The texts that console pages show, found in our sources and in those of the packages whose pages we show.

Everything here reads source files only; docs/translation.md says how the catalogs under locale/ are kept.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

PAGES = "django"  # gettext's name for the texts that the server writes
SCRIPTS = "djangojs"  # and for those that scripts write in the browser

# How a call names its arguments: "c" a context, "s" the text, "p" its plural.
ARGUMENTS_OF = {
    "_": "s",
    "gettext": "s",
    "gettext_lazy": "s",
    "gettext_noop": "s",
    "ngettext": "sp",
    "ngettext_lazy": "sp",
    "pgettext": "cs",
    "pgettext_lazy": "cs",
    "npgettext": "csp",
    "npgettext_lazy": "csp",
}

# Packages with texts on console pages. Of a package, only what is installed as an application counts.
SHOWN_PACKAGES = (
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.core",
    "django.db",
    "django.forms",
    "django.template",
    "django.utils",
    "django.views",
    "import_export",
    "auditlog",
    "axes",
    "django_otp",
)
# Installed, and without any text on a console page.
SILENT_PACKAGES = (
    "django.contrib.staticfiles",  # serves files
    "channels",  # websockets
    "rest_framework",  # answers programs
    "drf_spectacular",  # describes the API, in English
    "drf_spectacular_sidecar",
    "django_htmx",  # a script and a middleware
    "csp",  # headers
)
UNSEEN_FILES = (
    "django/views/templates/default_urlconf.html",  # Django's welcome page of an empty site
    "unfold/contrib/constance",
    "unfold/contrib/guardian",
    "unfold/contrib/location_field",
    "unfold/contrib/simple_history",
    "django_otp/plugins/otp_email",
    "django_otp/templates/otp/admin",  # the sign-in page of its own admin site
)
TEMPLATE_SUFFIXES = (".html", ".txt", ".svg")
SKIPPED_FOLDERS = frozenset({"tests", "migrations", "locale", "node_modules", "vendor", "__pycache__"})

_LITERAL = r"""u?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_ARGUMENTS = rf"\s*\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})?(?:\s*,\s*{_LITERAL})?"
_CALL_IN_TEMPLATE = re.compile(rf"\b(_|gettext|ngettext|pgettext|npgettext){_ARGUMENTS}")
_CALL_IN_SCRIPT = re.compile(rf"\b(gettext|ngettext|pgettext|npgettext){_ARGUMENTS}")


@dataclass(frozen=True, order=True)
class Text:
    """One text to translate, as the sources write it."""

    msgid: str
    plural: str = ""
    context: str = ""


Found = Mapping[Text, frozenset[str]]  # each text with the files that show it


def texts_in_python(source: str) -> Iterator[Text]:
    """The literal texts that Python code hands to gettext."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (name := _name_of(node.func)) in ARGUMENTS_OF:
            yield from _text(name, [_literal(argument) for argument in node.args])


def texts_in_template(source: str) -> Iterator[Text]:
    """The texts of translate and blocktranslate tags and of `_("…")` in a Django template."""
    return _texts_in_calls(_CALL_IN_TEMPLATE, templatize(source))


def texts_in_javascript(source: str) -> Iterator[Text]:
    """The literal texts that a script hands to Django's JavaScript catalog."""
    return _texts_in_calls(_CALL_IN_SCRIPT, source)


def own_texts(domain: str = PAGES) -> Found:
    """Every text of our own sources. Files are named relative to the project folder."""
    return _texts_of([(settings.BASE_DIR, path) for path in own_sources()], domain)


def own_sources() -> list[Path]:
    """Our Python files, templates and scripts, tests left out."""
    folders = [
        folder
        for folder in sorted(settings.BASE_DIR.iterdir())
        if (folder / "__init__.py").exists() or folder.name in ("templates", "static")
    ]
    return [path for folder in folders for path in _sources_under(folder, settings.BASE_DIR)]


@cache
def package_texts(domain: str = PAGES) -> Found:
    """Every text of the packages whose pages we show. Files are named as in an import, e.g. `unfold/forms.py`."""
    sources = []
    for package in SHOWN_PACKAGES:
        folder = folder_of(package)
        root = folder.parents[package.count(".")]
        sources += [(root, path) for path in _sources_under(folder, root) if not _is_unseen(path.relative_to(root))]
    return _texts_of(sources, domain)


def folder_of(package: str) -> Path:
    """Where an installed package lies."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    return Path(next(iter(spec.submodule_search_locations)))


def _is_unseen(path: Path) -> bool:
    return path.as_posix().startswith(UNSEEN_FILES)


def _sources_under(folder: Path, root: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".js", *TEMPLATE_SUFFIXES) and not SKIPPED_FOLDERS & {*path.relative_to(root).parts}:
            yield path


def _texts_of(sources: list[tuple[Path, Path]], domain: str) -> Found:
    found: dict[Text, set[str]] = {}
    for root, path in sources:
        if reader := _reader_of(path, domain):
            for text in reader(path.read_text(encoding="utf-8")):
                found.setdefault(text, set()).add(path.relative_to(root).as_posix())
    return {text: frozenset(files) for text, files in sorted(found.items())}


def _reader_of(path: Path, domain: str) -> Callable[[str], Iterator[Text]] | None:
    if domain == SCRIPTS:
        return texts_in_javascript if path.suffix == ".js" else None
    if path.suffix == ".py":
        return texts_in_python
    return texts_in_template if path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts else None


def _texts_in_calls(call: re.Pattern[str], source: str) -> Iterator[Text]:
    for match in call.finditer(source):
        yield from _text(match[1], [ast.literal_eval(literal) if literal else None for literal in match.groups()[1:]])


def _text(function: str, arguments: list[str | None]) -> Iterator[Text]:
    named = dict(zip(ARGUMENTS_OF[function], arguments, strict=False))
    if msgid := named.get("s"):
        yield Text(msgid, named.get("p") or "", named.get("c") or "")


def _name_of(function: ast.expr) -> str:
    return getattr(function, "id", None) or getattr(function, "attr", None) or ""


def _literal(argument: ast.expr) -> str | None:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None
