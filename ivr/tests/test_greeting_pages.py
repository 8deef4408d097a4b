"""The console pages of greeting files."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ivr import greetings
from ivr.greeting_player import length_text
from ivr.greeting_uses import unused
from ivr.models import GreetingFile
from ivr.waveform import waveform_path
from tests import factories, sounds
from tests.console import FRAME_QUERIES, act, page, said, sign_in, texts

MODEL = "ivr_greetingfile"
ADD = page(MODEL, "add")
LIST = page(MODEL, "changelist")
TONE = sounds.wav(sounds.tone(1.0))


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def upload(name="chào.wav", body=TONE):
    return SimpleUploadedFile(name, body)


def change_address(greeting):
    return page(MODEL, "change", greeting.pk)


def greeting_file(project, **fields):
    return factories.GreetingFileFactory(project=project, **fields)


class TestUpload:
    def test_the_page_says_what_is_accepted(self, console):
        shown = texts(console.get(ADD))
        assert "WAV, MP3, OGG, M4A or FLAC, up to 20.0 MB and 10 minutes each." in shown

    def test_a_script_uploads_one_file_and_gets_its_player(self, console, ours):
        response = console.post(
            ADD, {"files": upload(), "description": "Lời chào"}, headers={"accept": "application/json"}
        )

        greeting = GreetingFile.objects.get()
        assert response.status_code == 200
        answer = response.json()
        assert (answer["name"], answer["address"]) == ("Lời chào", change_address(greeting))
        assert f'src="/greeting/{greeting.public_id}/audio"' in answer["player"]
        assert (greeting.project, greeting.desc1, greeting.original_name) == (ours, "Lời chào", "chào.wav")

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            (
                {"files": upload("a.mp3", b"<html>")},
                "This is not an audio file. Accepted are: WAV, MP3, OGG, M4A, FLAC (by content, not by name).",
            ),
            ({"files": upload("a.mp3", b"")}, "The file is empty."),
            ({}, "Choose a file."),
            (
                {"files": upload(), "description": "x" * 201},
                "Description: Ensure this value has at most 200 characters (it has 201).",
            ),
        ],
    )
    def test_a_script_is_told_in_words_what_is_wrong(self, console, data, error):
        response = console.post(ADD, data, headers={"accept": "application/json"})
        assert (response.status_code, response.json()) == (422, {"error": error})
        assert not GreetingFile.objects.exists()

    def test_without_a_script_several_files_come_at_once(self, console):
        response = console.post(ADD, {"files": [upload("one.wav"), upload("two.wav")]})
        assert (response.status_code, response["Location"]) == (302, LIST)
        assert said(response) == ["2 files are ready."]
        assert set(GreetingFile.objects.values_list("original_name", flat=True)) == {"one.wav", "two.wav"}

    def test_what_is_refused_is_named_and_the_rest_is_kept(self, console):
        response = console.post(ADD, {"files": [upload("good.wav"), upload("<b>bad</b>.wav", b"\x00" * 100)]})
        assert response.status_code == 200
        assert said(response) == ["1 file is ready."]
        assert "&lt;b&gt;bad&lt;" not in response.content.decode()  # only its last part is a name
        assert "b&gt;.wav" in response.content.decode()
        assert GreetingFile.objects.get().original_name == "good.wav"

    def test_nothing_chosen(self, console):
        assert "Choose a file." in texts(console.post(ADD, {}))

    def test_viewers_cannot_upload(self, viewer, ours):
        client = sign_in(viewer, ours)
        assert client.get(ADD).status_code == 403
        assert client.post(ADD, {"files": upload()}).status_code == 403
        assert not GreetingFile.objects.exists()
        assert ADD not in client.get(LIST).content.decode()

    def test_a_page_of_another_site_cannot_upload(self, supervisor, ours):
        client = sign_in(supervisor, ours)
        client.handler.enforce_csrf_checks = True
        assert client.post(ADD, {"files": upload()}).status_code == 403


class TestList:
    def test_a_row_tells_name_length_size_and_where_it_is_played(self, console, ours):
        greeting = greeting_file(
            ours, desc1="Waltz", original_name="waltz.mp3", duration_ms=65_400, size_bytes=2_000_000
        )
        factories.QueueFactory(project=ours, name="Sales", wait_greeting=greeting, hold_greeting=greeting)
        tree = factories.IvrTreeFactory(project=ours, tree_name="Menu")
        factories.IvrNodeFactory(project=ours, tree=tree, node_name="Welcome", greeting_file=greeting)
        greeting_file(ours, desc1="Alone")

        shown = texts(console.get(LIST))

        for text in (
            "Waltz", "waltz.mp3", "1:05", "1.9 MB", "Sales (waiting music, hold music)",
            "Menu: Welcome (announcement)", "Not used",
        ):  # fmt: skip
            assert text in shown

    def test_a_file_that_is_used_everywhere_names_a_few(self, console, ours):
        greeting = greeting_file(ours)
        for number in range(7):
            factories.QueueFactory(project=ours, name=f"Line {number}", wait_greeting=greeting)
        shown = texts(console.get(LIST))
        assert "Line 3 (waiting music) and 3 more" in shown
        assert "Line 4" not in shown

    def test_a_file_that_queues_play_at_the_end_is_used(self, console, ours):
        prompt, goodbye = (greeting_file(ours, desc1=name) for name in ("Prompt", "Goodbye"))
        queue = factories.QueueFactory(project=ours, name="Sales", voicemail_greeting=prompt)
        factories.QueueOutcomeFactory(project=ours, queue=queue, action="message", greeting=goodbye)
        shown = texts(console.get(LIST))
        assert "Sales (voicemail greeting)" in shown
        assert "Sales (last announcement)" in shown
        assert not unused(GreetingFile.objects.all()).exists()

    def test_query_count_does_not_grow_with_the_rows(self, console, ours, django_assert_num_queries):
        for number in range(12):
            greeting = greeting_file(ours)
            queue = factories.QueueFactory(project=ours, wait_greeting=greeting, voicemail_greeting=greeting)
            factories.QueueOutcomeFactory(project=ours, queue=queue, action="message", greeting=greeting)
            tree = factories.IvrTreeFactory(project=ours)
            factories.IvrNodeFactory(project=ours, tree=tree, greeting_file=greeting)
            if number == 0:
                console.get(LIST)
        # counting, the rows, where they wait, hold, go before voicemail, are the last announcement of which queues, are
        # announced, and the trees of these nodes
        with django_assert_num_queries(FRAME_QUERIES + 9):
            console.get(LIST)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?q=waltz", ["Waltz"]),
            ("?q=chào", ["Lời chào"]),
            ("?used=yes", ["Waltz"]),
            ("?used=no", ["Lời chào"]),
            ("?used=maybe", ["Lời chào", "Waltz"]),
        ],
    )
    def test_search_and_filter(self, console, ours, query, found):
        factories.QueueFactory(project=ours, hold_greeting=greeting_file(ours, desc1="Waltz"))
        greeting_file(ours, desc1="Lời chào")
        rows = console.get(LIST + query).context["cl"].result_list
        assert sorted(str(row) for row in rows) == found

    def test_an_empty_list_says_what_to_do(self, console):
        shown = texts(console.get(LIST))
        assert "Greeting files are the announcements of an IVR tree and the music of a queue." in shown

    def test_a_name_cannot_become_markup(self, console, ours):
        greeting_file(ours, desc1="<script>alert(1)</script>", original_name='"><script>alert(2)</script>')
        body = console.get(LIST).content.decode()
        assert "<script>alert" not in body

    def test_others_rows_are_not_there(self, console, theirs):
        row = greeting_file(theirs, desc1="Theirs")
        assert "Theirs" not in texts(console.get(LIST))
        assert console.get(change_address(row)).status_code == 404
        assert console.post(change_address(row), {"desc1": "Mine"}).status_code == 404


class TestOneFile:
    @pytest.fixture
    def greeting(self, console):
        console.post(ADD, {"files": upload()})
        return GreetingFile.objects.get()

    def test_it_shows_player_file_name_and_use(self, console, greeting):
        response = console.get(change_address(greeting))
        body = response.content.decode()
        assert f'value="{greeting.filename}"' in body
        assert reverse("console-greeting-audio", args=[greeting.public_id]) in body
        assert reverse("console-greeting-original", args=[greeting.public_id]) in body
        assert "Nowhere yet. Choose it as the music of a queue or the announcement of an IVR node." in texts(response)

    def test_only_the_description_can_be_changed(self, console, greeting):
        before = (greeting.filename, greeting.sid, greeting.size_bytes)
        console.post(change_address(greeting), {"desc1": "Chào mừng", "filename": "x.mp3", "size_bytes": "1"})
        greeting.refresh_from_db()
        assert greeting.desc1 == "Chào mừng"
        assert (greeting.filename, greeting.sid, greeting.size_bytes) == before

    def test_missing_audio_is_said(self, console, ours):
        row = greeting_file(ours)
        assert "The audio of this file is missing on the server. Upload it again." in texts(
            console.get(change_address(row))
        )

    def test_viewers_listen_and_change_nothing(self, viewer, ours, greeting):
        client = sign_in(viewer, ours)
        assert client.get(change_address(greeting)).status_code == 200
        assert client.post(change_address(greeting), {"desc1": "Changed"}).status_code == 403
        assert client.post(page(MODEL, "delete", greeting.pk), {"post": "yes"}).status_code == 403
        greeting.refresh_from_db()
        assert greeting.desc1 == ""


class TestDeletion:
    def test_looking_at_the_consequences_deletes_no_file(self, console, ours, django_capture_on_commit_callbacks):
        console.post(ADD, {"files": upload()})
        greeting = GreetingFile.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            assert console.get(page(MODEL, "delete", greeting.pk)).status_code == 200
        assert greetings.has_audio(greeting)

        with django_capture_on_commit_callbacks(execute=True):
            console.post(page(MODEL, "delete", greeting.pk), {"post": "yes"})
        assert not GreetingFile.objects.exists()
        assert not greetings.has_audio(greeting)

    def test_unused_files_go_at_once_and_used_ones_stay_with_the_reason(self, console, ours):
        rows = [greeting_file(ours, desc1=name) for name in ("One", "Two", "Used")]
        factories.QueueFactory(project=ours, name="Sales", wait_greeting=rows[2])

        response = act(console, MODEL, "delete_selected", rows, post="yes")

        assert list(GreetingFile.objects.values_list("desc1", flat=True)) == ["Used"]
        assert said(response) == [
            "Greeting file Used cannot be deleted because it is used by: queue Sales.",
            "2 rows deleted.",
        ]


class TestPicture:
    def test_a_bar_is_as_high_as_the_loudest_peak_in_it(self):
        assert waveform_path([0, 50, 100, 20], 2) == "M0.5 25v50M1.5 0v100"

    def test_silence_is_a_line(self):
        assert waveform_path([0, 0], 1) == "M0.5 48.5v3"

    def test_fewer_peaks_than_bars_are_repeated(self):
        assert re.findall(r"v(\d+)", waveform_path([10, 90], 4)) == ["10", "10", "90", "90"]

    @pytest.mark.parametrize(
        ("milliseconds", "text"),
        [(200, "0.2 s"), (1_500, "1.5 s"), (9_949, "9.9 s"), (9_950, "0:10"), (65_400, "1:05"), (600_000, "10:00")],
    )
    def test_lengths_in_words(self, milliseconds, text):
        assert length_text(milliseconds) == text
