"""The audio of a greeting file reaches the members of its project, and nobody else."""

from __future__ import annotations

import io

import pytest
from django.urls import reverse

from ivr import greetings
from tests import factories, sounds

PAGE = b"<script>alert(1)</script>"
UPLOAD = sounds.wav(sounds.tone(1.0)) + PAGE


@pytest.fixture
def greeting(ours):
    return greetings.store_greeting(ours, io.BytesIO(UPLOAD), original_name="chào “bạn”.html", description="")


def audio(client, greeting, **headers):
    return client.get(reverse("console-greeting-audio", args=[greeting.public_id]), headers=headers)


def original(client, greeting):
    return client.get(reverse("console-greeting-original", args=[greeting.public_id]))


@pytest.mark.parametrize("member", ["owner", "supervisor", "viewer"])
def test_every_member_may_listen(client, greeting, member, request):
    client.force_login(request.getfixturevalue(member))

    response = audio(client, greeting)

    assert response.status_code == 200
    assert response.content == greetings.listen_path(greeting).read_bytes()
    assert response["Content-Type"] == "audio/mpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'; media-src 'self'"
    assert response["Cache-Control"] == "private, no-cache"


def test_a_player_may_jump(client, greeting, viewer):
    client.force_login(viewer)
    whole = greetings.listen_path(greeting).read_bytes()

    response = audio(client, greeting, range=f"bytes={len(whole) - 100}-")

    assert response.status_code == 206
    assert response.content == whole[-100:]
    assert response["Content-Range"] == f"bytes {len(whole) - 100}-{len(whole) - 1}/{len(whole)}"
    assert audio(client, greeting, range=f"bytes={len(whole)}-").status_code == 416
    assert audio(client, greeting, if_none_match=response["ETag"]).status_code == 304


def test_the_upload_is_only_for_download(client, greeting, viewer):
    client.force_login(viewer)

    response = original(client, greeting)

    assert response.content == UPLOAD
    assert response["Content-Type"] == "application/octet-stream"
    assert (
        response["Content-Disposition"] == "attachment; filename*=utf-8''ch%C3%A0o%20%E2%80%9Cb%E1%BA%A1n%E2%80%9D.html"
    )
    assert response["X-Content-Type-Options"] == "nosniff"


def test_for_others_it_does_not_exist(client, greeting, outsider):
    client.force_login(outsider)
    assert audio(client, greeting).status_code == 404
    assert original(client, greeting).status_code == 404


def test_who_was_removed_from_the_project_hears_nothing_more(client, greeting, viewer):
    client.force_login(viewer)
    viewer.memberships.all().delete()
    assert audio(client, greeting).status_code == 404


@pytest.mark.parametrize("ask", [audio, original])
def test_strangers_are_asked_to_sign_in(client, greeting, ask):
    response = ask(client, greeting)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("public_id", ["GF000000", "..%2F..%2Fx", "x" * 500])
def test_unknown_ids_are_not_found(client, viewer, greeting, public_id):
    client.force_login(viewer)
    assert client.get(f"/greeting/{public_id}/audio").status_code == 404


def test_a_row_without_its_files_is_not_found(client, viewer, ours):
    client.force_login(viewer)
    row = factories.GreetingFileFactory(project=ours)
    assert audio(client, row).status_code == 404
    assert original(client, row).status_code == 404


def test_nothing_is_changed_by_posting(client, viewer, greeting):
    client.force_login(viewer)
    assert client.post(reverse("console-greeting-audio", args=[greeting.public_id])).status_code == 405
