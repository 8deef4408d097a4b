"""Recordings are fetched by the call's id or their own, whole or in part, by programs of their project only."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings

from api.tests.conftest import Program
from calls.domain import CallState, Outcome
from calls.models import Recording
from common import clock
from tests import factories

pytestmark = pytest.mark.django_db
SOUND = bytes(range(256)) * 8
ADDRESSES = ("/v1/call/recording", "/v1/call/play")


def ended_call(project):
    now = clock.now()
    return factories.CallFactory(project=project, state=CallState.ENDED, outcome=Outcome.COMPLETED, ended_at=now)


def record(call, *, state="ready", form="mp3", file: str | None = None, sound: bytes = SOUND) -> Recording:
    recording = Recording.objects.create(
        project=call.project, call=call, kind="conversation", state=state, format=form, started_at=clock.now()
    )
    recording.file = f"recordings/{call.project_id}/{recording.recording_id}.{form}" if file is None else file
    recording.save()
    if file is None:
        path = Path(settings.MEDIA_ROOT) / recording.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound)
    return recording


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("form", "kind"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("webm", "audio/webm")])
def test_a_recording_is_served_by_either_id(address, form, kind, api, ours):
    recording = record(ended_call(ours), form=form)
    for id in (recording.call.call_id, recording.recording_id):
        response = api.call("GET", f"{address}/{id}")
        assert (response.status_code, response.content) == (200, SOUND)
        assert response.headers["Content-Type"] == kind
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"] == f'inline; filename="{id}.{form}"'


def test_the_token_may_be_in_the_query(api, ours):
    recording = record(ended_call(ours))
    path = f"/v1/call/play/{recording.call.call_id}"
    assert Program("").call("GET", f"{path}?access_token={quote(api.token)}").content == SOUND
    assert Program("").call("GET", path).status_code == 403


def test_a_part_is_served(api, ours):
    path = f"/v1/call/recording/{record(ended_call(ours)).call.call_id}"
    part = api.call("GET", path, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, SOUND[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(SOUND)}"
    beyond = api.call("GET", path, Range="bytes=99999-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(SOUND)}")


def test_of_several_recordings_the_newest_ready_one_is_served(api, ours):
    call = ended_call(ours)
    for state, sound in (("ready", b"first"), ("ready", b"second"), ("failed", b"third")):
        record(call, state=state, sound=sound)
    assert api.call("GET", f"/v1/call/recording/{call.call_id}").content == b"second"


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_not_ready_is_404_and_what_will_never_be_is_400(address, api, ours):
    going_on, recording_runs, finishing, none, failed, erased, lost = (
        factories.CallFactory(project=ours),
        record(ended_call(ours), state="running", file="").call,
        record(ended_call(ours), state="finishing", form="raw").call,
        ended_call(ours),
        record(ended_call(ours), state="failed", form="raw").call,
        record(ended_call(ours), state="erased", file="").call,
        record(ended_call(ours), file="recordings/gone.mp3").call,
    )
    not_yet, never = (going_on, recording_runs, finishing, lost), (none, failed, erased)
    for call, status in [(each, 404) for each in not_yet] + [(each, 400) for each in never]:
        response = api.call("GET", f"{address}/{call.call_id}")
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
        assert response.json()["r"] != 0
        assert len(response.content) < 500  # clients take small answers for "not ready"


def test_their_recordings_look_like_unknown_ones(api, theirs):
    recording = record(ended_call(theirs))
    running = factories.CallFactory(project=theirs)
    unknown = api.call("GET", "/v1/call/recording/call-vn-1-UNKNOWN")
    assert unknown.status_code == 400
    for id in (recording.call.call_id, recording.recording_id, running.call_id):
        response = api.call("GET", f"/v1/call/recording/{id}")
        assert (response.status_code, response.content) == (400, unknown.content)


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "a/../../secret", "link", ""])
def test_no_file_outside_of_the_media_folder_is_served(file, api, ours):
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(parents=True)
    (media.parent / "secret").write_text("secret")
    (media / "link").symlink_to(media.parent / "secret")
    recording = record(ended_call(ours), file=file)
    response = api.call("GET", f"/v1/call/recording/{recording.call.call_id}")
    assert (response.status_code, b"secret" in response.content) == (404, False)


@pytest.mark.parametrize("id", ["\x00", "x" * 5000, "'", "..", "💥", " "])
def test_odd_ids_have_no_recording(id, api, ours):
    assert api.call("GET", f"/v1/call/recording/{quote(id, safe='')}").status_code == 400
