"""Greeting files: uploading several at once, listening, and deleting what nobody plays."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import expect

from ivr import greetings
from ivr.models import GreetingFile
from tests import factories, sounds

LIST, ADD = "/setting/greeting/", "/setting/greeting/add/"
LONG_TONE = sounds.wav(sounds.tone(3.0))


def file(name: str, body: bytes) -> dict[str, object]:
    """A file as the browser's file dialog hands it over."""
    return {"name": name, "mimeType": "audio/wav", "buffer": body}


@pytest.fixture
def waltz(ours):
    """Music that queues play."""
    greeting = greetings.store_greeting(ours, io.BytesIO(LONG_TONE), original_name="waltz.wav", description="Waltz")
    for name in ("Sales", "Support"):
        factories.QueueFactory(project=ours, name=name, wait_greeting=greeting)
    return greeting


def test_several_files_are_uploaded_and_each_says_how_it_went(console, check_page, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(ADD)
    page.get_by_label("Drop recordings here, or choose them").set_input_files(
        [
            file("lời chào.wav", LONG_TONE),
            file("page.mp3", b"<html><script>alert(1)</script></html>"),
            file("empty.wav", b""),
            file("unwanted.wav", LONG_TONE),
        ]
    )
    rows = page.locator(".greeting-file")
    expect(rows).to_have_count(4)
    expect(rows.nth(2)).to_contain_text("The file is empty.")
    page.get_by_role("button", name="Remove unwanted.wav").click()
    expect(page.get_by_label("Description").first).to_have_value("lời chào")
    page.get_by_label("Description").first.fill("Lời chào chính")
    check_page(page, "greeting-chosen")

    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#greeting-status")).to_have_text("1 stored, 1 refused")

    expect(rows.nth(0)).to_contain_text("Ready")
    expect(rows.nth(1)).to_contain_text("This is not an audio file.")
    console.complaints.clear()  # the browser itself writes down the 422
    check_page(page, "greeting-uploaded")
    stored = GreetingFile.objects.get()
    assert (stored.desc1, stored.original_name, stored.duration_ms) == ("Lời chào chính", "lời chào.wav", 3000)
    rows.nth(0).get_by_role("link", name="Lời chào chính").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lời chào chính")


def test_a_file_that_is_dropped_is_taken(console, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(ADD)
    dropped = page.evaluate_handle(
        """() => { const data = new DataTransfer(); data.items.add(new File(["RIFF"], "dropped.wav")); return data; }"""
    )
    page.dispatch_event("#greeting-drop", "drop", {"dataTransfer": dropped})
    expect(page.locator(".greeting-file-name")).to_have_text("dropped.wav")


def test_uploading_nothing_asks_for_a_file(console, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(ADD)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#greeting-status")).to_have_text("Choose a file.")
    expect(page.get_by_label("Drop recordings here, or choose them")).to_be_focused()


def test_music_plays_from_where_the_listener_wants(console, check_page, viewer, waltz):
    console.sign_in(viewer)
    page = console.open(LIST)
    check_page(page, "greeting-list")
    player = page.locator("[data-player]")
    play = player.get_by_role("button", name="Play Waltz")

    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(player.locator(".greeting-time")).to_contain_text("/ 3.0 s")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false")

    slider = player.get_by_role("slider")
    slider.fill("2.5")
    expect(player.locator(".greeting-time")).to_contain_text("0:02 /")
    play.click()
    page.wait_for_function("document.querySelector('[data-player] audio').ended")
    expect(play).to_have_attribute("aria-pressed", "false")
    assert console.complaints == []


def test_one_file_shows_where_it_is_played_and_its_name_is_copied(console, check_page, supervisor, waltz):
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console.sign_in(supervisor)
    page = console.open(f"/setting/greeting/{waltz.pk}/change/")
    check_page(page, "greeting")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == waltz.filename
    page.get_by_role("link", name="Sales").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales")


def test_what_a_queue_plays_is_not_deleted_and_the_rest_is(console, check_page, supervisor, waltz, ours):
    unused = factories.GreetingFileFactory(project=ours, desc1="Old")
    console.sign_in(supervisor)
    page = console.open(f"/setting/greeting/{waltz.pk}/delete/")
    expect(page.locator("main")).to_contain_text(
        "Greeting file Waltz cannot be deleted because it is used by: queue Sales, queue Support."
    )
    check_page(page, "greeting-in-use")

    page = console.open(f"{LIST}?used=no")
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option(label="Delete")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("was deleted")
    assert list(GreetingFile.objects.all()) == [waltz]
    assert unused.pk not in GreetingFile.objects.values_list("pk", flat=True)


@pytest.mark.parametrize("path", [LIST, ADD])
def test_pages_without_a_file_are_accessible(console, check_page, supervisor, ours, path):
    console.sign_in(supervisor)
    check_page(console.open(path), f"greeting-empty{path.replace('/', '-')}")
