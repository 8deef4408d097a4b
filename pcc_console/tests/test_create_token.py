"""`create_token`: tokens as clients know them, and clear words when none can be made."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
import time_machine
from django.core.management import CommandError, call_command

from projects.models import ApiKey
from projects.services import issue_key, revoke_key

BASE_DIR = Path(__file__).resolve().parents[2]
NOW = 1_795_000_000


def create(*args: str) -> tuple[dict[str, object], str]:
    """The answer, and what was said beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("create_token", "--json", *args, stdout=out, stderr=err, no_color=True)
    return json.loads(out.getvalue()), err.getvalue()


def claims(answer: dict[str, object], key: ApiKey) -> dict[str, object]:
    token = str(answer["token"])
    assert jwt.get_unverified_header(token)["cty"] == "stringee-api;v=1"
    read: dict[str, object] = jwt.decode(token, key.secret, algorithms=["HS256"], options={"verify_exp": False})
    assert read.pop("jti").startswith(f"{key.sid}-{NOW}-")
    return read


@pytest.fixture(autouse=True)
def _the_time():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def key(ours):
    return ApiKey.objects.get(project=ours)


def test_a_token_for_programs(ours, key):
    answer, said = create("--rest", "--project", str(ours.pk))
    assert answer["expires"] == NOW + 3600
    assert claims(answer, key) == {"iss": key.sid, "exp": NOW + 3600, "rest_api": True}
    assert said == ""


def test_a_token_for_an_agent_of_the_contact_center(ours, key, agent_1):
    answer, said = create("--user", "agent_1", "--pcc", "--project", "Ours")
    assert claims(answer, key) == {"iss": key.sid, "exp": NOW + 12 * 3600, "userId": "agent_1", "icc_api": True}
    assert said == ""


def test_a_token_for_a_user_who_is_no_agent(ours, key):
    answer, said = create("--user", "guest", "--project", "Ours", "--lifetime", "60")
    assert claims(answer, key) == {"iss": key.sid, "exp": NOW + 60, "userId": "guest"}
    assert said == ""


def test_a_pcc_token_for_nobody_comes_with_a_warning(ours, key):
    answer, said = create("--user", "nobody", "--pcc", "--project", "Ours")
    assert claims(answer, key)["userId"] == "nobody"
    assert said == "The project Ours has no agent with the user ID 'nobody': no call will come in.\n"


def test_an_agent_of_another_project_is_nobody_here(ours, theirs, agent_1):
    _, said = create("--user", "agent_1", "--pcc", "--project", "Theirs")
    assert said == "The project Theirs has no agent with the user ID 'agent_1': no call will come in.\n"


def test_the_key_can_be_chosen_and_the_oldest_active_one_is_the_default(ours, key):
    newer = issue_key(ours)
    assert claims(create("--rest", "--project", "Ours", "--key", newer.sid)[0], newer)["iss"] == newer.sid
    assert claims(create("--rest", "--project", "Ours")[0], key)["iss"] == key.sid
    revoke_key(key)
    assert claims(create("--rest", "--project", "Ours")[0], newer)["iss"] == newer.sid


def test_without_json_the_token_stands_alone(ours, key):
    out = io.StringIO()
    call_command("create_token", "--rest", "--project", "Ours", stdout=out)
    assert len(out.getvalue().splitlines()) == 1
    assert jwt.decode(out.getvalue().strip(), key.secret, algorithms=["HS256"], options={"verify_exp": False})


def test_a_revoked_key_and_one_of_another_project_are_refused(ours, theirs, key):
    revoke_key(key)
    foreign = ApiKey.objects.get(project=theirs)
    for sid in (key.sid, foreign.sid, "SK.0.x"):
        with pytest.raises(CommandError, match=f"The project Ours has no active API key '{sid}'."):
            create("--rest", "--project", "Ours", "--key", sid)
    with pytest.raises(CommandError, match=r"The project Ours has no active API key: make one in the console."):
        create("--rest", "--project", "Ours")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--rest"], "the following arguments are required: --project"),
        (["--project", "Ours"], "one of the arguments --rest --user is required"),
        (["--project", "Ours", "--rest", "--user", "a"], "argument --user: not allowed with argument --rest"),
        (["--project", "Ours", "--rest", "--pcc"], "--pcc goes with --user: a REST token takes no calls."),
        (["--project", "Ours", "--user", ""], "--user is empty: it must be the user ID of an agent."),
        (["--project", "Ours", "--rest", "--lifetime", "0"], "'0' is not a number of seconds from 1 to"),
        (["--project", "Ours", "--rest", "--lifetime", "soon"], "'soon' is not a number of seconds from 1 to"),
        (["--project", "Ours", "--rest", "--lifetime", "9" * 5000], "is not a number of seconds from 1 to"),
        (["--project", "Mine", "--rest"], "There is no project 'Mine'. There are: "),
        (["--project", "9" * 5000, "--rest"], "There is no project '9999"),
    ],
)
def test_what_makes_no_sense_is_refused(ours, args, message):
    with pytest.raises(CommandError) as refused:
        create(*args)
    assert message in str(refused.value)


def test_without_any_project_the_way_to_make_one_is_named(db):
    with pytest.raises(CommandError) as refused:
        create("--rest", "--project", "1")
    assert (
        str(refused.value)
        == "There is no project '1'. There is none at all yet: make one with `seed_project --name NAME`."
    )


@pytest.mark.parametrize("args", [["create_token", "--rest", "--project", "1"], ["seed_demo", "--json"]])
def test_without_servers_a_command_says_how_to_start_them(tmp_path, args):
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=BASE_DIR,
        env={**environment, "PCC_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "CommandError: No servers are running: start them with `make run`, or set DATABASE_URL and REDIS_URL.\n"
    )
