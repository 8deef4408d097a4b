"""One installation for all tests in which people talk: started once, quiet before each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.voice.center import AGENTS, Center
from tests.browser.voice.people import VOICES_HZ, Person, voice_file
from tests.fault.beside import Beside
from tests.fault.test_supervision import Installation


@pytest.fixture(scope="package")
def voice_installation() -> Iterator[Installation]:
    """Everything that `make run` starts."""
    folder = Path(tempfile.mkdtemp(prefix="pcc-voice-"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user
    made = Installation(folder / "data")
    made.environment.update(PCC_DEMO="0", DJANGO_SETTINGS_MODULE="pcc_console.settings")
    try:
        made.ensure_ready()
        yield made
    finally:
        if made.run is not None and made.run.poll() is None:
            made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def installation(voice_installation: Installation) -> Installation:
    """Ready, whatever the test before has done to it."""
    voice_installation.ensure_ready()
    return voice_installation


@pytest.fixture(scope="package")
def voice_center(voice_installation: Installation, launch: Callable[..., Browser]) -> Iterator[Center]:
    folder = Path(tempfile.mkdtemp(prefix="pcc-voices-"))
    people: dict[str, Person] = {}
    desk = Beside("tests.browser.voice.desk", voice_installation.environment)
    try:
        facts = desk.ask("set_up", AGENTS)
        for name, hertz in VOICES_HZ.items():
            microphone = f"--use-file-for-fake-audio-capture={voice_file(folder, hertz)}"
            people[name] = Person(name, hertz, launch(microphone))
        yield Center(voice_installation, people, desk, facts)
    finally:
        for person in people.values():
            person.browser.close()
        desk.close()
        shutil.rmtree(folder)


@pytest.fixture
def center(voice_center: Center, installation: Installation) -> Iterator[Center]:
    """Everything runs, and nobody calls; afterwards what is stored is sound."""
    since = voice_center.ask("now")
    yield voice_center
    voice_center.go_home()
    assert voice_center.ask("findings", since) == []
