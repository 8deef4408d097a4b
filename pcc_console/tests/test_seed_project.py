"""`seed_project`: the same ids however often it runs."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from numbers_app.models import Number
from projects.models import Account, ApiKey, Project
from projects.services import revoke_key
from queues.models import Queue
from tests import factories

pytestmark = pytest.mark.django_db

FILE = "format: pcc-console/project\nversion: 1\nproject: {name: Shop}\nqueues:\n- name: Support\n"


def seed(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("seed_project", "--json", *args, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_a_new_project_with_its_numbers_and_key(db):
    answer = seed("--name", "Shop", "--number", "842473000097", "--number", "0909 982 888")
    project = Project.objects.get()
    key = ApiKey.objects.get()
    assert answer == {"project": project.pk, "key_sid": key.sid, "key_secret": key.secret}
    assert (project.name, project.account.name) == ("Shop", "Main")
    assert list(Number.objects.order_by("pk").values_list("number", "digits")) == [
        ("842473000097", "842473000097"),
        ("0909 982 888", "84909982888"),
    ]


def test_the_second_run_finds_everything_and_doubles_nothing(db):
    args = ("--name", "Shop", "--number", "842473000097", "--account", "Buyer")
    assert seed(*args) == seed(*args)
    assert (Account.objects.count(), Project.objects.count(), ApiKey.objects.count()) == (1, 1, 1)
    assert Number.objects.count() == 1


def test_a_file_and_more_numbers(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(FILE)
    answer = seed("--file", str(path), "--number", "842473000097")
    assert Project.objects.get(pk=answer["project"]).name == "Shop"
    assert (Queue.objects.get().name, Number.objects.get().number) == ("Support", "842473000097")
    assert seed("--file", str(path), "--number", "+84 24 7300 0097") == answer
    assert (Queue.objects.count(), Number.objects.count()) == (1, 1)


def test_a_json_file(tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(
        '{"format": "pcc-console/project", "version": 1, "project": {"name": "Shop"},'
        ' "queues": [{"name": "A", "record_calls": false, "wrap_up_time_limit": 30}]}'
    )
    assert Queue.objects.filter(project=seed("--file", str(path))["project"]).count() == 1


def test_the_name_given_goes_before_the_name_in_the_file(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(FILE)
    assert Project.objects.get(pk=seed("--file", str(path), "--name", "Other")["project"]).name == "Other"


def test_a_project_whose_keys_are_revoked_gets_a_new_one(db):
    first = seed("--name", "Shop")
    revoke_key(ApiKey.objects.get())
    second = seed("--name", "Shop")
    assert second["project"] == first["project"]
    assert second["key_sid"] != first["key_sid"]
    assert seed("--name", "Shop") == second


def test_people_are_told_what_was_added_and_what_was_left(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(FILE)
    seed("--file", str(path))
    out = io.StringIO()
    call_command("seed_project", "--file", str(path), "--number", "842473000097", stdout=out)
    project, key = Project.objects.get(), ApiKey.objects.get()
    assert out.getvalue().splitlines() == [
        f"Project {project.pk} (Shop) was there already.",
        "Added: numbers (1).",
        "Left as they are: queues (1).",
        f"API key SID:    {key.sid}",
        f"API key secret: {key.secret}",
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Say --name NAME, or --file FILE with a project that has a name."),
        (("--name", "A", "--number", "12ab"), "numbers[0].number: '12ab' is not a telephone number"),
        (("--name", "A", "--number", "911", "--number", "911"), "the number 911 stands in the file twice"),
        (("--name", "A" * 201), "at most 200 characters"),
        (("--name", "A", "--account", "A" * 201), "at most 200 characters"),
        (("--name", "A", "--account", ""), "This field cannot be blank."),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(db, args, message):
    with pytest.raises(CommandError) as refused:
        call_command("seed_project", *args)
    assert message in str(refused.value)
    assert (Account.objects.count(), Project.objects.count()) == (0, 0)


def test_an_account_name_that_means_two_is_refused(db):
    for _ in range(2):
        factories.AccountFactory(name="Twin")
    with pytest.raises(CommandError, match=r"Several accounts are called 'Twin'."):
        call_command("seed_project", "--name", "A", "--account", "Twin")


@pytest.mark.django_db(transaction=True)
def test_two_first_runs_at_the_same_time_make_one_project():
    begin, answers = threading.Barrier(2), []

    def run() -> None:
        begin.wait()
        try:
            answers.append(seed("--name", "Shop", "--number", "842473000097", "--account", "Buyer"))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert (Account.objects.count(), Project.objects.count(), Number.objects.count()) == (1, 1, 1)
