"""`seed_demo`: the tutorial's picture, made once, with logins that nobody else knows."""

from __future__ import annotations

import io
import json
import re
import stat

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from agents.models import Agent, Group
from ivr import greetings
from ivr.domain.findings import Severity
from ivr.models import GreetingFile, IvrKeyPress, IvrNode, IvrTree
from ivr.selectors import trees_for_linting
from numbers_app.models import BlockedNumber, Number
from pcc_console.demo import seeding
from pcc_console.portable.reading import read_project_file
from pcc_console.tests.portable_tools import MemorySounds, exported, imported
from projects.models import Account, ApiKey, Member, Project, Role, User
from projects.services import revoke_key
from queues.models import Queue, Schedule
from tests import factories

pytestmark = pytest.mark.django_db

DEMO_FILE = read_project_file(seeding.PROJECT_FILE.read_bytes())


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # ours takes its time on purpose
    return settings.DATA_DIR


@pytest.fixture
def sounds():
    return MemorySounds()


@pytest.fixture
def quick(monkeypatch, sounds):
    """The command with sounds that are not converted."""
    monkeypatch.setattr("pcc_console.management.commands.seed_demo.StoredSounds", lambda: sounds)


def seed(*args: str):
    out = io.StringIO()
    call_command("seed_demo", "--json", *args, stdout=out)
    assert len(out.getvalue().splitlines()) == 1
    return json.loads(out.getvalue())


def delete_every_project() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE projects_project CASCADE; SET CONSTRAINTS ALL DEFERRED")


# ── The picture ──────────────────────────────────────────────────────────────────────────────────────────────────────


def groups_of(queue: Queue, tier: int) -> list[str]:
    return [routing.group.name for routing in queue.routings.filter(primary_group=tier)]


def key_of(node: IvrNode | None, key: str) -> IvrKeyPress:
    return IvrKeyPress.objects.get(node=node, node_key=key)


def test_the_demo_is_the_tutorials_picture(data_dir, sounds):
    project = seeding.seed_demo(data_dir, sounds).project
    first, second, third = Queue.objects.filter(project=project).order_by("pk")
    assert (groups_of(first, 1), groups_of(first, 0)) == (["English sales team (group 1)"], [])
    assert (groups_of(second, 1), groups_of(second, 0)) == (
        ["Bilingual support team (group 2)"],
        ["Spanish sales team (group 3)"],
    )
    assert (groups_of(third, 1), groups_of(third, 0)) == (["Spanish sales team (group 3)"], [])
    assert [group.agents.count() for group in Group.objects.filter(project=project)] == [2, 2, 2]

    number = Number.objects.get(project=project)
    assert (number.enable_ivr, str(number.ivr_tree)) == (True, "Welcome")
    root = IvrTree.objects.get(project=project).root_node
    assert str(root) == "Choose a language"
    english, spanish = (key_of(root, key).next_node for key in "12")
    assert [key_of(english, key).queue for key in "12"] == [first, second]
    assert [key_of(spanish, key).queue for key in "12"] == [third, second]
    assert third.schedule == Schedule.BUSINESS_HOURS
    assert str(third.business_hours) == "Office"
    assert list(BlockedNumber.objects.order_by("pk").values_list("ivr_blocked", "queue_blocked")) == [
        (True, True),
        (False, True),
    ]


def test_greetings_are_spoken_and_the_linter_has_nothing_to_say(data_dir):
    answer = seed()
    project = Project.objects.get(pk=answer["project"])
    spoken = list(GreetingFile.objects.filter(project=project).order_by("pk"))
    assert [row.desc1 for row in spoken] == ["Welcome", "English menu", "Spanish menu", "Waiting music"]
    assert all(greetings.has_audio(row) for row in spoken)
    assert spoken[0].duration_ms > 6_000  # three languages
    assert 26_000 < spoken[3].duration_ms < 27_500
    for linted in trees_for_linting(project, IvrTree.objects.filter(project=project)):
        assert [finding for finding in linted.findings if finding.severity is not Severity.HINT] == []


def test_the_demo_survives_export_and_import(data_dir, sounds):
    project = seeding.seed_demo(data_dir, sounds).project
    text = exported(project, sounds)
    assert exported(imported(text, sounds).project, sounds) == text


def test_numbers_of_the_demo_are_nobodys(data_dir, sounds):
    numbers = [row.values["number"] for row in (*DEMO_FILE.numbers, *DEMO_FILE.blocked_numbers)]
    numbers += [row.values["phone_number"] for row in DEMO_FILE.agents if row.values["phone_number"]]
    assert all(re.fullmatch(r"842400000\d\d\d|849000000\d\d", number) for number in numbers)


# ── Logins ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_programs_get(quick, data_dir):
    answer = seed()
    project, key = Project.objects.get(), ApiKey.objects.get()
    assert answer["project"] == project.pk
    assert (answer["key_sid"], answer["key_secret"], answer["number"]) == (key.sid, key.secret, "842400000097")
    read = jwt.decode(answer["token"], key.secret, algorithms=["HS256"])
    assert (read["rest_api"], read["exp"]) == (True, answer["expires"])
    logins = [answer["console"], *answer["others"]]
    assert [(login["user"], login["role"]) for login in logins] == [
        ("demo", "owner"),
        ("supervisor", "supervisor"),
        ("viewer", "viewer"),
    ]
    for login in logins:
        user = User.objects.get(username=login["user"])
        assert user.check_password(login["password"])
        assert Member.objects.get(user=user, project=project).role == login["role"]
        assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", login["password"])
    assert [user.is_superuser for user in User.objects.order_by("pk")] == [True, False, False]


def test_passwords_differ_between_installations_and_only_the_owner_may_read_them(quick, data_dir):
    first = seed()
    file = data_dir / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first["console"]["password"] != first["others"][0]["password"]
    delete_every_project()
    User.objects.all().delete()
    file.unlink()
    assert seed()["console"]["password"] != first["console"]["password"]


def test_the_second_run_says_the_same_and_writes_nothing(quick, data_dir, monkeypatch, django_assert_max_num_queries):
    first = seed()
    # Checking three passwords takes most of a second, on purpose.
    monkeypatch.setattr("django.contrib.auth.base_user.AbstractBaseUser.check_password", None)
    with django_assert_max_num_queries(10) as queries:
        second = seed()
    assert not [query for query in queries.captured_queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    for answer in (first, second):
        answer.pop("token"), answer.pop("expires")
    assert second == first


def test_what_people_changed_and_deleted_stays_so(quick, data_dir):
    project = Project.objects.get(pk=seed()["project"])
    project.name = "Our shop"
    project.save()
    Queue.objects.get(project=project, name="English sales (queue 1)").keys.all().delete()
    Queue.objects.get(project=project, name="English sales (queue 1)").delete()
    User.objects.get(username="viewer").delete()
    owner = User.objects.get(username="demo")
    owner.set_password("another pass phrase")
    owner.save()
    revoke_key(ApiKey.objects.get())

    answer = seed()

    assert answer["project"] == project.pk
    assert (Project.objects.count(), Queue.objects.count(), User.objects.count()) == (1, 2, 2)
    assert answer["console"] == {"user": "demo", "password": None, "role": "owner"}
    assert [login["password"] is None for login in answer["others"]] == [False, True]
    assert (answer["token"], answer["expires"], answer["key_sid"], answer["key_secret"]) == (None,) * 4


def test_a_demo_that_was_deleted_is_made_again_with_the_same_users(quick, data_dir):
    first = seed()
    delete_every_project()
    second = seed()
    assert second["project"] != first["project"]
    assert (second["console"], second["others"]) == (first["console"], first["others"])
    assert (User.objects.count(), Member.objects.count(), Account.objects.count()) == (3, 3, 1)


def test_another_data_folder_finds_the_demo_of_this_database_but_not_its_passwords(quick, data_dir, settings, tmp_path):
    first = seed()
    settings.DATA_DIR = tmp_path / "other"
    second = seed()
    assert (second["project"], second["key_sid"]) == (first["project"], first["key_sid"])
    assert second["console"]["password"] is None


def test_another_persons_account_is_not_taken_over(quick, data_dir):
    theirs = factories.UserFactory(username="supervisor")
    with pytest.raises(CommandError, match="There is a user 'supervisor' who is not of the demo"):
        seed()
    theirs.refresh_from_db()
    assert theirs.check_password(factories.PASSWORD)
    assert (Project.objects.count(), IvrNode.objects.count(), User.objects.count()) == (0, 0, 1)


def test_a_damaged_logins_file_is_written_anew(quick, data_dir):
    data_dir.mkdir()
    (data_dir / "demo.json").write_text("{")
    answer = seed()
    assert json.loads((data_dir / "demo.json").read_text())["passwords"]["demo"] == answer["console"]["password"]


def test_production_gets_no_demo_unless_forced(quick, data_dir, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="This is a production installation"):
        seed()
    assert (Project.objects.count(), data_dir.exists()) == (0, False)
    assert seed("--force")["project"] == Project.objects.get().pk


def test_people_are_told_the_logins(quick, data_dir):
    answer = seed()
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == f"Project {answer['project']} (Demo) is there."
    assert lines[1] == f"Owner:          demo  /  {answer['console']['password']}"
    assert lines[4:7] == [
        "Number:         842400000097",
        f"API key SID:    {answer['key_sid']}",
        f"API key secret: {answer['key_secret']}",
    ]
    assert lines[7].startswith("REST token:     ey")
    assert Agent.objects.count() == 6


def test_roles_are_those_of_the_console():
    assert seeding.ROLES == {"demo": Role.OWNER, "supervisor": Role.SUPERVISOR, "viewer": Role.VIEWER}
