"""/v1/greetingfile: raw and form uploads, lists, deletes. What is audio is tested in ivr/tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from auditlog.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from api.tests.conftest import Program, key_of
from api.tests.samples import everything
from api.tests.test_client_behaviours import ask_server
from ivr import greetings
from ivr.models import GreetingFile
from tests import factories, sounds

TONE = sounds.wav(sounds.tone(1.0))


def form(**fields) -> bytes:
    return encode_multipart(BOUNDARY, fields)


def kept_files(settings) -> list[Path]:
    root = Path(settings.MEDIA_ROOT)
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content_type", ["audio/wav", "application/x-www-form-urlencoded", "application/json", ""])
@pytest.mark.parametrize("query", ["", "?uploadType=simple&desc=L%E1%BB%9Di%20ch%C3%A0o"])
def test_a_raw_body_is_the_file(content_type, query, api, ours):
    answer = api.ask("POST", f"/v1/greetingfile{query}", TONE, content_type=content_type)
    greeting = GreetingFile.objects.get(project=ours)
    assert answer == {
        "r": 0,
        "project": ours.pk,
        "message": "Upload file success",
        "msg": "Upload file success",
        "filename": greeting.filename,
        "fileSid": greeting.sid,
    }
    assert greeting.desc1 == ("Lời chào" if query else "")
    assert greetings.original_path(greeting).read_bytes() == TONE


@pytest.mark.parametrize("query", ["", "&uploadType=multipart"])
@pytest.mark.parametrize(("described", "desc"), [("&desc=In%20query", "In query"), ("", "In form")])
def test_a_form_has_the_file_in_a_field(query, described, desc, api, ours):
    body = form(file=SimpleUploadedFile("../../welcome.wav", TONE, "audio/wav"), desc="In form")
    path = f"/v1/greetingfile/?access_token={api.token}{query}{described}"
    answer = Program("").ask("POST", path, body, content_type=MULTIPART_CONTENT)
    greeting = GreetingFile.objects.get(project=ours)
    assert (answer["r"], answer["filename"]) == (0, greeting.filename)
    assert (greeting.original_name, greeting.desc1) == ("welcome.wav", desc)


def test_an_upload_is_noted_in_the_history(api, ours):
    api.ask("POST", "/v1/greetingfile", TONE)
    entry = LogEntry.objects.get_for_object(GreetingFile.objects.get()).get()
    assert entry.additional_data == {"project": ours.pk, "actor": f"API key {key_of(ours).sid}"}


@pytest.mark.parametrize(
    ("body", "content_type", "query", "text"),
    [
        (b"", "audio/wav", "", "The file is empty."),
        (b"MZ" + b"\x00" * 2000, "audio/wav", "", "This is not an audio file."),
        (b"<html>" * 100, "audio/mpeg", "", "This is not an audio file."),
        (TONE, "audio/wav", "?uploadType=multipart", "uploadType is multipart, but the body is not"),
        (b"not a form", "multipart/form-data", "", "The form cannot be read"),
        (b"not a form", "multipart/form-data; boundary=x", "", "The form has no file in the field file."),
        (form(file="text"), MULTIPART_CONTENT, "", "The form has no file in the field file."),
        (
            form(other=SimpleUploadedFile("a.wav", TONE)),
            MULTIPART_CONTENT,
            "",
            "The form has no file in the field file.",
        ),
        (form(file=SimpleUploadedFile("a.wav", b"")), MULTIPART_CONTENT, "", "The file is empty."),
        (form(file=SimpleUploadedFile("a.wav", b"junk" * 99)), MULTIPART_CONTENT, "", "This is not an audio file."),
        (form(**{f"f{n}": "x" for n in range(6000)}), MULTIPART_CONTENT, "", "The form cannot be read"),
        (TONE, "audio/wav", f"?desc={'x' * 201}", "desc must be at most 200 characters long."),
        (TONE, "audio/wav", "?desc=a%00b", "desc"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_leaves_nothing(body, content_type, query, text, api, settings):
    before = everything()
    answer = api.ask("POST", f"/v1/greetingfile{query}", body, content_type=content_type)
    assert answer["r"] == 1
    assert answer["message"].startswith(text)
    assert everything() == before
    assert kept_files(settings) == []


@pytest.mark.parametrize("as_form", [False, True])
def test_files_that_are_too_large_are_refused(as_form, api, settings):
    settings.GREETING_MAX_BYTES = 10_000
    before = everything()
    for size in (10_001, 200_000):
        file = TONE[:10_000] + b"\x00" * (size - 10_000)
        body = form(file=SimpleUploadedFile("a.wav", file)) if as_form else file
        response = api.call(
            "POST", "/v1/greetingfile", body, content_type=MULTIPART_CONTENT if as_form else "audio/wav"
        )
        assert (response.status_code, response.json()["r"]) == (413, 1)
        assert "too large" in response.json()["message"]
    assert everything() == before
    assert kept_files(settings) == []


@pytest.mark.django_db(transaction=True)
def test_a_file_without_a_length_is_read_piece_by_piece(api, ours):
    pieces = [TONE[at : at + 10_000] for at in range(0, len(TONE), 10_000)]
    status, _headers, answer = async_to_sync(ask_server)("POST", "/v1/greetingfile", api.token, pieces, [])
    assert (status, answer["r"]) == (200, 0)
    assert GreetingFile.objects.get(project=ours).size_bytes == len(TONE)


def test_the_list(api, ours):
    greeting = factories.GreetingFileFactory(project=ours, desc1="Lời chào")
    plain = factories.GreetingFileFactory(project=ours)
    listed = api.get("/v1/greetingfile")
    assert (listed["r"], listed["message"]) == (0, "Load greeting file(s) success")
    assert listed["data"] == {
        "greeting_files": [
            {
                "sid": row.sid,
                "filename": row.filename,
                "desc1": row.desc1 or None,
                "created": int(row.created_at.timestamp()),
            }
            for row in (greeting, plain)
        ],
        "total": "2",
    }
    assert api.get(f"/v1/greetingfile/{greeting.sid}")["data"] == listed["data"]["greeting_files"][0]
    assert len(api.get("/v1/greetingfile?limit=1&page=2")["data"]["greeting_files"]) == 1


@pytest.mark.parametrize("name", ["sid", "filename"])
@pytest.mark.parametrize("way", ["path", "query", "body"])
def test_a_file_is_deleted_in_any_of_the_ways_that_clients_try(name, way, api, settings):
    api.ask("POST", "/v1/greetingfile", TONE)
    value = getattr(GreetingFile.objects.get(), name)
    assert len(kept_files(settings)) == 4
    match way:
        case "path":
            answer = api.delete(f"/v1/greetingfile/{value}")
        case "query":
            answer = api.ask("DELETE", f"/v1/greetingfile?sid={value}", b"ignored")
        case _:
            answer = api.delete("/v1/greetingfile/", {"sid": value})
    assert (answer["r"], answer["message"]) == (0, "Delete greeting file success")
    assert GreetingFile.objects.count() == 0


@pytest.mark.parametrize("body", [None, {}, {"sid": ""}, {"sid": None}])
def test_a_delete_must_name_its_file(body, api, ours):
    factories.GreetingFileFactory(project=ours)
    answer = api.delete("/v1/greetingfile", body)
    assert (answer["r"], answer["message"]) == (1, "sid is required.")
    assert GreetingFile.objects.count() == 1


def test_a_file_that_is_played_stays(api, ours):
    greeting = factories.GreetingFileFactory(project=ours, desc1="Waiting music")
    factories.QueueFactory(project=ours, name="English", wait_greeting=greeting)
    before = everything()
    answer = api.delete(f"/v1/greetingfile/{greeting.sid}")
    assert (answer["r"], answer["usedBy"]) == (7, ["queue English"])
    assert everything() == before


def test_their_file_is_not_found_by_query_either(api, theirs):
    greeting = factories.GreetingFileFactory(project=theirs)
    for value in (greeting.sid, greeting.filename):
        assert api.delete(f"/v1/greetingfile?sid={value}")["r"] == 3
        assert api.delete(f"/v1/greetingfile/{value}")["r"] == 3
    assert GreetingFile.objects.count() == 1
