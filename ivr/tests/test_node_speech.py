"""The text of a node is spoken when it is saved."""

from __future__ import annotations

import pytest
from redis.exceptions import ConnectionError as RedisGone

from ivr import selectors, services
from ivr.models import IvrNode, PlayMode
from ivr.words import Words
from sounds import speech, spoken, tasks
from tests import factories
from tests.speech import EN, VI, texts_spoken


@pytest.fixture
def said(monkeypatch):
    """What the provider was asked to speak."""
    return texts_spoken(monkeypatch)


@pytest.fixture
def asked(monkeypatch):
    """What workers are asked to speak."""
    texts: list[tuple[object, ...]] = []
    monkeypatch.setattr(tasks.speak, "delay", lambda *how: texts.append(how))
    return texts


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours)


def talk(tree, text: str = EN, **fields: object) -> IvrNode:
    return IvrNode(project=tree.project, tree=tree, node_name="Welcome", node_play_content=text, **fields)


def test_a_node_is_spoken_after_it_was_saved(tree, asked, said, django_capture_on_commit_callbacks):
    node = talk(tree, voice="female", speed=1)
    with django_capture_on_commit_callbacks(execute=True):
        services.add_node(node)
        assert asked == []
    assert asked == [(EN, "female", 1)]
    tasks.speak(*asked[0])
    spoken.spoken_packets(EN, voice="female", speed=1)
    assert said == [EN]


def test_a_node_that_plays_a_file_is_not_spoken(tree, asked, django_capture_on_commit_callbacks):
    greeting = factories.GreetingFileFactory(project=tree.project)
    with django_capture_on_commit_callbacks(execute=True):
        services.add_node(talk(tree, node_play_mode=PlayMode.PLAY, greeting_file=greeting))
    assert asked == []


def test_a_node_is_saved_although_no_worker_can_be_asked(tree, monkeypatch, django_capture_on_commit_callbacks):
    def gone(*how: object) -> None:
        raise RedisGone

    monkeypatch.setattr(tasks.speak, "delay", gone)
    with django_capture_on_commit_callbacks(execute=True):
        services.add_node(talk(tree))
    assert IvrNode.objects.count() == 1


@pytest.mark.parametrize(
    ("languages", "text"),
    [
        (
            {"en"},
            "Nothing here speaks Vietnamese, so callers do not hear that part. Ask your operator for a voice, or play "
            "a greeting file.",
        ),
        (
            set(),
            "No program that speaks is installed, so callers hear nothing. Ask your operator for one, or play a "
            "greeting file.",
        ),
    ],
)
def test_the_linter_knows_who_speaks_here(tree, monkeypatch, languages, text):
    services.add_node(talk(tree, f"{VI} {EN}"))
    tree.refresh_from_db()
    monkeypatch.setattr(selectors, "languages_spoken", lambda: languages)
    linted = selectors.tree_for_linting(tree)
    words = Words(linted.tree, linted.queues)
    assert text in [words.told(finding).text for finding in linted.findings]


def test_the_linter_knows_what_could_not_be_spoken_until_it_could(tree, monkeypatch):
    node = talk(tree, EN)
    services.add_node(node)
    tree.refresh_from_db()

    def codes() -> set[str]:
        return {finding.code.value for finding in selectors.tree_for_linting(tree).findings}

    with monkeypatch.context() as broken:
        broken.setattr(speech, "synthesise", failing)
        tasks.speak(EN, voice=node.voice, speed=node.speed)
    assert "speech_failed" in codes()

    tasks.speak(EN, voice=node.voice, speed=node.speed)
    assert "speech_failed" not in codes()


def failing(*_: object, **__: object) -> bytes:
    raise speech.SpeechUnavailable("no")
