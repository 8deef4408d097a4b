"""No text of a console page is written past gettext: neither in templates nor in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

from pcc_console import texts

WORD = re.compile(r"[^\W\d_]{2,}")

# ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────────
SPOKEN_ATTRIBUTES = {"alt", "aria-description", "aria-label", "aria-placeholder", "placeholder", "title", "label"}
NOT_READ = {"script", "style", "code", "kbd", "pre"}
# The same in every language: our name, names of standards, and examples of what to type.
ABBREVIATIONS = {"API", "CSV", "ID", "IVR", "JWT", "POST", "REST", "SIP", "SMS", "URL"}
SAME_EVERYWHERE = {"PCC", "Console", "Excel", "OpenAPI", "Ctrl"} | ABBREVIATIONS
TEMPLATE_TEXT = re.compile(
    r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{%\s*block bodyclass\s*%}.*?{%\s*endblock\b.*?%}"
    r"|{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}"
    r"|{#.*?#}|{{.*?}}|{%.*?%}",
    re.DOTALL,
)
LITERAL_IN_TAG = re.compile(r"""(?<!_\()(?:=|\|default:|\|default_if_none:|\|yesno:|\|add:)(["'])(?P<text>.*?)\1""")
# Arguments of includes that no reader sees.
SILENT_ARGUMENTS = re.compile(
    r"""\b(?:class|css|icon|id|name|type|variant|href|method|target|size|kind|color)\w*=(["']).*?\1"""
)


class SpokenTexts(HTMLParser):
    """Collects the text nodes and the attributes that a page shows or a screen reader says."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread = 0
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and (
                name in SPOKEN_ATTRIBUTES or (tag == "input" and name == "value" and ("type", "submit") in attrs)
            ):
                self.found.append(value)
        if tag in NOT_READ or any(name == "class" and "material-symbols" in (value or "") for name, value in attrs):
            self._unread_tag, self._unread = tag, self._unread + 1

    def handle_endtag(self, tag: str) -> None:
        if self._unread and tag == self._unread_tag:
            self._unread -= 1

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.found.append(data)


def untranslated_in_template(source: str) -> list[str]:
    """The literal words of a template that gettext does not see."""
    parser = SpokenTexts()
    parser.feed(TEMPLATE_TEXT.sub(" ", source))
    literals = [text.strip() for text in parser.found]
    for tag in TEMPLATE_TEXT.findall(source):
        if not re.match(r"{%\s*(?:comment|blocktrans)|{#", tag):
            literals += [
                match["text"]
                for match in LITERAL_IN_TAG.finditer(SILENT_ARGUMENTS.sub("", tag))
                if " " in match["text"].strip() or match["text"][:1].isupper()
            ]
            literals += ["pluralize"] if "|pluralize" in tag else []
    return [literal for literal in literals if not SAME_EVERYWHERE.issuperset(WORD.findall(literal))]


OUR_TEMPLATES = [
    path for path in texts.own_sources() if path.suffix in texts.TEMPLATE_SUFFIXES and "templates" in path.parts
]


@pytest.mark.parametrize("path", OUR_TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_templates_have_no_text_outside_translate_tags(path: Path):
    assert untranslated_in_template(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>{% translate 'Good' %} {{ name }} · 12</p>", []),
        ("<p>Bad</p>", ["Bad"]),
        ('<a title="{% translate "Good" %}" aria-label="Bad">{{ x }}</a>', ["Bad"]),
        ('<input type="submit" value="Bad"><input type="hidden" value="fine">', ["Bad"]),
        ('<span class="material-symbols-outlined">home</span><code>fine</code><script>let fine</script>', []),
        ("{% blocktranslate %}Good <b>text</b>{% endblocktranslate %}{# fine #}", []),
        ('{% include "fine.html" with title="Bad title" class="fine too" %}', ["Bad title"]),
        ('{{ value|default:"Bad" }}{{ value|default:"-" }}', ["Bad"]),
        ("{{ count }}{{ count|pluralize }}", ["pluralize"]),
    ],
)
def test_the_template_scanner_finds_what_it_should(source, found):
    assert untranslated_in_template(source) == found


# ── Scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────────
SENTENCE_IN_SCRIPT = re.compile(r"""(?<!gettext\()(["'`])([A-Z][a-z]+(?: [a-z]+)+[^"'`]*)\1""")
CATALOGUE = "texts.js"  # both languages of pages that are scripts (softphone/tests/test_texts.py)
OUR_SCRIPTS = [path for path in texts.own_sources() if path.suffix == ".js" and path.name != CATALOGUE]


def untranslated_in_script(source: str) -> list[str]:
    """The sentences of a script that gettext does not see; most texts come from the page, in data attributes."""
    return [match[2] for match in SENTENCE_IN_SCRIPT.finditer(source)]


# What pages of the widget's API compare and developers read: the words are its contract (docs/softphone.md).
WORDS_OF_THE_WIDGET = {
    "Busy here",
    "Busy with another call",
    "Not ready",
    "Please implement StringeeSoftPhone event: ",
}


@pytest.mark.parametrize("path", OUR_SCRIPTS, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_scripts_have_no_text_outside_gettext(path: Path):
    assert set(untranslated_in_script(path.read_text(encoding="utf-8"))) - WORDS_OF_THE_WIDGET == set()


def test_the_script_scanner_finds_what_it_should():
    source = """say("Saved it."); say(gettext("Good text")); find("Tr > a"); status.textContent = `Not good`;"""

    assert untranslated_in_script(source) == ["Saved it.", "Not good"]


# ── Python ───────────────────────────────────────────────────────────────────────────────────────────────────────────
SHOWN_KEYWORDS = {
    "verbose_name", "verbose_name_plural", "help_text", "label", "description", "short_description", "empty_label",
    "empty_value", "title", "error_messages", "button", "text",
}  # fmt: skip
SHOWN_NAMES = {
    "verbose_name",
    "verbose_name_plural",
    "short_description",
    "empty_value_display",
    "title",
    "description",
}
SHOWN_MESSAGES = {"message_user", "success", "error", "warning", "info", "ValidationError", "add_error"}
REFUSALS = {"Refusal", "InvalidInput", "AlreadyExists", "NotFound", "InUse"}
CHOICES = {"TextChoices", "IntegerChoices"}
# These talk to programs, to operators at a terminal, or to developers; none of it is on a console page.
NOT_PAGES = (
    "agents/notes.py",
    "api/",
    "callflow/guest_requests.py",
    "callflow/requests.py",
    "callflow/running.py",
    "common/supervision/",
    "pcc_console/demo/",
    "pcc_console/doctor.py",
    "pcc_console/portable/",
    "pcc_console/provisioning.py",
    "pcc_console/settings.py",
    "softphone/",  # answers scripts and clients; what people read is in texts.js
)


def untranslated_in_python(source: str) -> list[str]:
    """The literals of Python code that a page would show without asking gettext, as `line: text`."""
    return [f"{node.lineno}: {ast.unparse(node)}" for node in _shown_literals(ast.parse(source))]


def _shown_literals(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _literals_of_call(node)
        elif isinstance(node, ast.ClassDef) and {_name(base) for base in node.bases} & CHOICES:
            yield from filter(
                _is_text,
                [
                    member.value.elts[-1]
                    for member in node.body
                    if isinstance(member, ast.Assign) and isinstance(member.value, ast.Tuple)
                ],
            )
        elif (
            isinstance(node, ast.Assign)
            and any(_name(target) in SHOWN_NAMES for target in node.targets)
            and _is_text(node.value)
        ):
            yield node.value


def _literals_of_call(call: ast.Call) -> Iterator[ast.expr]:
    function = _name(call.func)
    if function in texts.ARGUMENTS_OF:
        # gettext finds literals only.
        yield from [
            argument
            for argument in call.args[: len(texts.ARGUMENTS_OF[function])]
            if not isinstance(argument, ast.Constant) and isinstance(argument, ast.JoinedStr | ast.BinOp | ast.Call)
        ]
        return
    yield from [keyword.value for keyword in call.keywords if keyword.arg in SHOWN_KEYWORDS and _is_text(keyword.value)]
    if (function in SHOWN_MESSAGES | REFUSALS and not _is_log(call.func)) or function.endswith("Field"):
        yield from filter(_is_text, call.args)


def _is_text(node: ast.expr) -> bool:
    """A literal that people would read: words, not a code, a path or an address."""
    if isinstance(node, ast.JoinedStr):
        return any(_is_text(part) for part in node.values)
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    words = WORD.findall(node.value)
    return (
        bool(words)
        and not SAME_EVERYWHERE.issuperset(words)
        and (" " in node.value.strip() or node.value[:1].isupper())
    )


def _is_log(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and _name(function.value).startswith("log")


def _name(node: ast.expr) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


OUR_PYTHON = [
    path
    for path in texts.own_sources()
    if path.suffix == ".py"
    and "commands" not in path.parts
    and not path.relative_to(settings.BASE_DIR).as_posix().startswith(NOT_PAGES)
]


def test_python_shows_no_text_past_gettext():
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{literal}"
        for path in OUR_PYTHON
        for literal in untranslated_in_python(path.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('name = models.CharField(_("name"), help_text=_("Good."))', []),
        ('name = models.CharField("A name")', ["1: 'A name'"]),
        ('name = models.CharField(_("name"), help_text="Bad.")', ["1: 'Bad.'"]),
        ('class Meta:\n    verbose_name = "Bad thing"', ["2: 'Bad thing'"]),
        ('class Kind(models.TextChoices):\n    A = "a", "Bad"\n    B = "1", "1"\n    C = "c", _("Good")', ["2: 'Bad'"]),
        ('messages.success(request, "Saved it.")', ["1: 'Saved it.'"]),
        ('raise InvalidInput(f"{number} is bad")', ["1: f'{number} is bad'"]),
        ('_(f"{name} is bad")', ["1: f'{name} is bad'"]),
        ('_("Good %(name)s") % {"name": name}; logger.info("event_name")', []),
    ],
)
def test_the_python_scanner_finds_what_it_should(source, found):
    assert untranslated_in_python(source) == found
