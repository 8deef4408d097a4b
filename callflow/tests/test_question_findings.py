"""What the console says to the developer whose server answered a call's question."""

from __future__ import annotations

import json

import pytest

from callflow.pages.question_findings import findings_of
from tests import factories
from tests.console import page, sign_in, texts
from webhooks.models import Question

CONNECT = {
    "action": "connect",
    "from": {"type": "internal", "number": "842473082686"},
    "to": {"type": "external", "number": "84909982888"},
}


def found(answer, purpose="answer_url", state="answered"):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    question = Question(purpose=purpose, state=state, answer=text)
    return [(each.where, each.text) for each in findings_of(question)]


@pytest.mark.parametrize("purpose", ["answer_url", "callout_answer_url", "input_event", "on_fail"])
def test_a_good_program_has_no_findings(purpose):
    assert found([{"action": "talk", "text": "Hello"}, CONNECT], purpose) == []


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"action": "talk"}, "The answer must be a JSON array of actions."),
        ("<html>", "The answer cannot be read as JSON: Not JSON: Expecting value at line 1, column 1."),
        ([CONNECT] * 101, "The answer has more than 100 actions, so nothing of it was used."),
        ("[" + " " * 65_536 + "]", "The answer has more than 65536 bytes, so nothing of it was used."),
        ([], "There is no action to carry out, which ends the call."),
    ],
)
def test_what_cannot_be_carried_out_at_all_is_named(answer, text):
    assert found(answer) == [("", text)]


def test_each_part_that_was_left_out_or_changed_is_named_with_its_place():
    assert found(
        [
            7,
            {"action": "dance <b>"},
            {"action": "play"},
            {**CONNECT, "to": {"type": "phone", "number": "1"}},
            {**CONNECT, "timeout": "soon"},
            {"action": "talk", "text": "Hello", "speed": 9},
            {**CONNECT, "customData": "x" * 20_000},
        ]
    ) == [
        ("[0]", "An item must be an object with the name of an action in “action”; it was left out."),
        ("[1]", "There is no action “dance <b>”; it was left out."),
        ("[2]", "“fileName” is missing, so the action was left out."),
        ("[3]", "“to.type” must be “internal” or “external”; the action was left out."),
        ("[4]", "“timeout” has a value that cannot be used; it counts as not given."),
        ("[5]", "“speed” is beyond what is allowed; the nearest value was used."),
        ("[6]", "“customData” is too long; it counts as not given."),
    ]


@pytest.mark.parametrize("answer", [[], [{"action": "talk", "text": "No"}]])
def test_an_answer_that_connects_to_nobody_is_said_to_forbid_the_call(answer):
    assert found(answer, "callout_answer_url") == [("", "The answer connects to nobody, which forbids the call.")]


def test_what_is_known_of_a_caller_is_an_object():
    assert found({"name": "Mai"}, "customer_info") == []
    assert found([], "customer_info") == [("", "The answer must be a JSON object.")]


def test_a_question_without_an_answer_has_no_findings():
    assert found("<html>", state="failed") == []
    assert found("", state="asked") == []


@pytest.mark.django_db
def test_the_page_of_a_question_shows_them(ours, viewer):
    question = factories.QuestionFactory(project=ours, purpose="answer_url", answer='[{"action": "<b>"}]')

    shown = sign_in(viewer, ours).get(page("webhooks_question", "change", question.pk))

    assert "There is no action “<b>”; it was left out. [0]" in texts(shown)
    assert "<b>”" not in shown.content.decode()
