"""`export_project` and `import_project`, with real sounds."""

from __future__ import annotations

import base64
import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from ivr import greetings
from ivr.models import GreetingFile
from pcc_console.portable.reading import checksum
from projects.models import Account, Project
from tests import factories, sounds

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def greeting(ours):
    recording = io.BytesIO(sounds.wav(sounds.tone(0.5)))
    return greetings.store_greeting(ours, recording, original_name="hello.wav", description="  Hello  ")


def test_a_project_with_its_sounds_travels_through_a_file(ours, greeting, tmp_path):
    factories.QueueFactory(project=ours, name="Đội hỗ trợ", wait_greeting=greeting)
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"

    run("export_project", str(ours.pk), "--output", str(first))
    answer = json.loads(run("import_project", str(first), "--account", "Copies", "--json"))
    run("export_project", str(answer["project"]), "--output", str(second))

    assert answer["passwords_to_set"] == []
    assert second.read_bytes() == first.read_bytes()
    copy = GreetingFile.objects.get(project=answer["project"])
    assert greetings.original_path(copy).read_bytes() == greetings.original_path(greeting).read_bytes()
    assert greetings.has_audio(copy)
    assert Project.objects.get(pk=answer["project"]).account.name == "Copies"


def test_without_an_output_file_the_text_is_printed(ours):
    assert run("export_project", "Ours").splitlines()[1:4] == ["format: pcc-console/project", "version: 1", "project:"]


def test_an_exported_file_can_be_read_by_its_owner_alone(ours, tmp_path):
    run("export_project", "Ours", "--output", str(tmp_path / "ours.yaml"))
    assert stat.S_IMODE((tmp_path / "ours.yaml").stat().st_mode) == 0o600


def test_people_are_told_what_was_done(ours, tmp_path):
    factories.SipAccountFactory(project=ours, user_name="lan")
    factories.QueueFactory(project=ours)
    path = tmp_path / "ours.yaml"
    run("export_project", "Ours", "--output", str(path))
    lines = run("import_project", str(path), "--name", "Copy").splitlines()
    copy = Project.objects.get(name="Copy")
    assert lines == [
        f"Project {copy.pk} (Copy) was made.",
        "Added: queues (1), SIP accounts (1).",
        "Set a password for these SIP accounts: lan.",
    ]


def test_a_greeting_whose_sound_is_gone_is_named(ours):
    factories.GreetingFileFactory(project=ours, desc1="Hello", filename="A.mp3")
    with pytest.raises(CommandError, match=r"The sound of Hello \(A.mp3\) is gone: upload it again."):
        run("export_project", "Ours")


def test_a_bad_file_is_refused_and_leaves_no_account_behind(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("format: pcc-console/project\nversion: 1\nproject: {name: A}\nqueues:\n- {name: ''}\n")
    with pytest.raises(CommandError, match=r"line 5, queues\[0\].name: This field cannot be blank."):
        run("import_project", str(path), "--account", "New")
    assert (Account.objects.count(), Project.objects.count()) == (0, 0)


def test_a_sound_that_is_none_leaves_nothing_behind(tmp_path, settings):
    noise = b"not a sound"
    path = tmp_path / "bad.yaml"
    path.write_text(
        "format: pcc-console/project\nversion: 1\nproject: {name: A}\n"
        f"greeting_files:\n- {{desc1: Good, tune: calm}}\n- {{desc1: Bad, audio: '{checksum(noise)}'}}\n"
        f"audio:\n  {checksum(noise)}: {base64.b64encode(noise).decode()}\n"
    )
    with pytest.raises(CommandError, match=r"greeting_files\[1\]: This is not an audio file."):
        run("import_project", str(path))
    assert (Project.objects.count(), GreetingFile.objects.count()) == (0, 0)
    assert [file for file in (settings.MEDIA_ROOT / "greetings").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    ("path", "message"),
    [("nothing.yaml", "nothing.yaml cannot be read: No such file or directory."), (".", ". cannot be read: Is a dir")],
)
def test_a_file_that_cannot_be_read_is_named(path, message):
    with pytest.raises(CommandError, match=message):
        run("import_project", path)


def test_a_file_that_cannot_be_written_is_named(ours, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        run("export_project", "Ours", "--output", str(tmp_path / "file" / "ours.yaml"))


def test_an_unknown_project_is_refused_with_those_there_are(ours, theirs):
    with pytest.raises(CommandError) as refused:
        run("export_project", "Orus")
    assert str(refused.value) == f"There is no project 'Orus'. There are: {ours.pk} (Ours), {theirs.pk} (Theirs)."


def test_a_name_that_means_two_projects_is_refused(ours):
    twin = factories.ProjectFactory(name="Ours")
    with pytest.raises(CommandError) as refused:
        run("export_project", "Ours")
    assert str(refused.value) == (
        f"Several projects are called 'Ours': say which by its id: "
        f"{ours.pk} (account {ours.account}), {twin.pk} (account {twin.account})."
    )
