"""From what menus and programs say to what engines play."""

from __future__ import annotations

from callflow.scco import actions as scco
from ivr.domain import step as menu
from telephony.port import AudioFile, Media, RemoteFile, Speech


def of_menu(play: menu.Speak | menu.File | None, project_id: int) -> tuple[Media, ...]:
    """What a node plays; nothing when it has no sound."""
    match play:
        case menu.Speak(text, voice, speed):
            return (Speech(text, voice, speed),)
        case menu.File(name):
            return (AudioFile(project_id, name),)
    return ()


def of_program(sound: scco.Sound, project_id: int) -> Media:
    """What an action of a program plays."""
    match sound:
        case scco.Speak(text, voice, speed):
            return Speech(text, voice, speed)
        case scco.File(name):
            return AudioFile(project_id, name)
        case scco.Remote(url):
            return RemoteFile(url)


def message(text: str, file: str, otherwise: str, project_id: int) -> tuple[Media, ...]:
    """A file, else a text, else what is said where nothing was configured."""
    return (AudioFile(project_id, file),) if file else (Speech(text or otherwise),)
