"""Recordings in the console: what there is instead of sound, who speaks, and the erasure of one caller's."""

from __future__ import annotations

import pytest
from django.urls import reverse

from callflow.tests.test_pages import ended_call, with_file
from calls.models import Recording, RecordingKind
from tests import factories
from tests.console import errors_of, page, said, sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("state", "failure", "said_instead"),
    [
        ("running", "", "Is being recorded"),
        ("finishing", "", "Is being finished"),
        ("failed", "", "Nothing was recorded"),
        ("failed", "lost", "The file was lost"),
        ("failed", "unreadable", "The file cannot be read"),
        ("erased", "", "Erased"),
    ],
)
def test_a_recording_without_sound_says_why(ours, supervisor, state, failure, said_instead):
    call = ended_call(ours)
    recording = factories.RecordingFactory(project=ours, call=call, state=state, failure=failure, file="")
    client = sign_in(supervisor, ours)
    for address in (page("calls_recording", "changelist"), page("calls_call", "change", call.pk)):
        content = client.get(address).content.decode()
        assert said_instead in content
        assert "data-player" not in content
    sound = reverse("admin:calls_recording_audio", args=[recording.recording_id])
    assert client.get(sound).status_code == 404


def test_the_picture_shows_who_speaks(ours, supervisor, settings):
    recording = factories.RecordingFactory(
        project=ours, call=ended_call(ours), peaks={"left": [80] * 60, "right": [0] * 30 + [40] * 30}
    )
    with_file(recording, settings)
    content = sign_in(supervisor, ours).get(page("calls_recording", "changelist")).content.decode()
    assert "M0.5 10v41.5M1.5 10v41.5" in content
    assert "M59.5 10v60" in content


class TestErasingACaller:
    @pytest.fixture
    def recordings(self, ours, theirs, settings):
        """Two of one caller, one of another, and one of the same caller in another project."""

        def record(project, customer: str, **fields: object):
            call = factories.CallFactory(project=project, customer_number=customer)
            recording = factories.RecordingFactory(project=project, call=call, **fields)
            with_file(recording, settings)
            return recording

        return [
            record(ours, "84900000012"),
            record(ours, "84900000012", kind=RecordingKind.VOICEMAIL),
            record(ours, "84900000013"),
            record(theirs, "84900000012"),
        ]

    def states(self) -> list[str]:
        return list(Recording.objects.order_by("pk").values_list("state", flat=True))

    @pytest.mark.parametrize("model", ["calls_recording", "callflow_voicemail"])
    def test_it_is_shown_before_it_is_done(
        self, ours, supervisor, recordings, model, settings, django_capture_on_commit_callbacks
    ):
        client = sign_in(supervisor, ours)
        address = page(model, "erase")
        assert address in client.get(page(model, "changelist")).content.decode()
        assert client.get(address).status_code == 200

        shown = client.post(address, {"number": "0900 000 012"}).content.decode()
        assert "2 recordings of +84 900 000 012 will be erased" in shown
        assert self.states() == ["ready"] * 4

        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(address, {"number": "0900 000 012", "confirmed": "1"})
        assert answer.url == page(model, "changelist")
        assert said(client.get(answer.url)) == ["2 recordings were erased."]
        assert self.states() == ["erased", "erased", "ready", "ready"]
        there = [(settings.MEDIA_ROOT / each.file).exists() for each in recordings]
        assert there == [False, False, True, True]

    def test_who_has_none_is_told_so(self, ours, supervisor, recordings):
        address = page("calls_recording", "erase")
        shown = sign_in(supervisor, ours).post(address, {"number": "0900000099", "confirmed": "1"}).content.decode()
        assert "There is no recording of +84 900 000 099" in shown
        assert "Erase for good" not in shown

    @pytest.mark.parametrize("number", ["", "nobody", "1" * 33, "<script>alert(1)</script>"])
    def test_what_is_no_number_is_said_at_the_field(self, ours, supervisor, recordings, number):
        answer = sign_in(supervisor, ours).post(page("calls_recording", "erase"), {"number": number, "confirmed": "1"})
        assert list(errors_of(answer)) == ["number"]
        if number == "nobody":
            assert errors_of(answer)["number"][0].startswith("“nobody” is not a phone number.")
        assert self.states() == ["ready"] * 4

    @pytest.mark.parametrize("model", ["calls_recording", "callflow_voicemail"])
    def test_viewers_erase_nothing(self, ours, viewer, recordings, model):
        client = sign_in(viewer, ours)
        address = page(model, "erase")
        assert address not in client.get(page(model, "changelist")).content.decode()
        assert client.post(address, {"number": "84900000012", "confirmed": "1"}).status_code == 403
        assert self.states() == ["ready"] * 4
