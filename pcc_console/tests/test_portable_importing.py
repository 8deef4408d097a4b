"""Writing a project file into the database: all or nothing, and never over what people have done since."""

from __future__ import annotations

from dataclasses import replace

import pytest
from auditlog.models import LogEntry

from agents.models import Agent, GroupMembership, SipAccount
from common.acting import acting_as
from ivr.models import GreetingFile, IvrNode, IvrTree
from numbers_app.models import Number, PriorityCaller
from pcc_console.portable.importing import NameTaken, add_missing, import_as_new_project
from pcc_console.portable.problems import BadProjectFile
from pcc_console.tests.portable_tools import NO_SOUND, MemorySounds, exported, file_of, imported
from projects.models import Account, ApiKey, CallSettings, Project
from queues.models import BusinessHours, Queue, QueueOutcome
from tests import factories

pytestmark = pytest.mark.django_db

SMALL = """\
project: {name: Ours, time_zone: Europe/Madrid, country: ES}
call_settings: {event_url: 'https://crm.example.net/events'}
numbers:
- {number: 912 345 678, enable_ivr: true, ivr_tree: Menu}
ivr_trees:
- tree_name: Menu
  nodes:
  - node_name: Hello
    node_play_content: Press 1.
    keys: {'1': {queue: Support}, '2': {action: node, next_node: Hello}}
queues:
- {name: Support, primary_groups: [Team], business_hours: Office}
business_hours:
- {name: Office, is_default: true, weekly: {monday: [08:00-12:00]}, exceptions: [{date: 2026-02-01}]}
groups:
- {name: Team, agents: [ann]}
agents:
- {name: Ann, stringee_user_id: ann}
sip_accounts:
- {user_name: ann, extension: 101}
greeting_files:
- {desc1: Music, tune: calm}
"""


@pytest.fixture
def sounds():
    return MemorySounds()


@pytest.fixture
def account(db):
    return factories.AccountFactory(name="Buyer")


def counts():
    models = (Project, ApiKey, Number, IvrTree, IvrNode, Queue, BusinessHours, Agent, SipAccount, GreetingFile)
    return {model.__name__: model.objects.count() for model in models}


def test_a_new_project_has_everything_that_the_file_says(account, sounds):
    outcome = import_as_new_project(file_of(SMALL), account, sounds)
    project = outcome.project
    assert (project.name, project.time_zone, project.country, project.account) == (
        "Ours",
        "Europe/Madrid",
        "ES",
        account,
    )
    assert CallSettings.objects.get(project=project).event_url == "https://crm.example.net/events"
    assert ApiKey.objects.get(project=project).revoked_at is None
    number = Number.objects.get(project=project)
    assert (number.number, number.digits) == ("912 345 678", "912345678")
    hello = IvrNode.objects.get(project=project)
    assert number.ivr_tree == hello.tree
    assert hello.tree.root_node == hello
    one, two = hello.keys.order_by("node_key")
    assert (str(one.queue), one.tree, two.next_node) == ("Support", hello.tree, hello)
    support = Queue.objects.get(project=project)
    assert [routing.group.name for routing in support.routings.all()] == ["Team"]
    office = BusinessHours.objects.get(project=project)
    assert support.business_hours == office
    assert (office.ranges.count(), office.exceptions.get().closed) == (1, True)
    assert GroupMembership.objects.get(project=project).agent.name == "Ann"
    assert outcome.added == {
        "numbers": 1, "ivr_trees": 1, "queues": 1, "business_hours": 1, "groups": 1, "agents": 1, "sip_accounts": 1,
        "greeting_files": 1,
    }  # fmt: skip
    assert outcome.is_new
    assert not outcome.kept


WAYS_OUT = """\
queues:
- name: Support
  outcomes:
    full: {action: queue, to_queue: Reserve}
    waited_too_long: {action: number, to_number: '84909982888'}
    closed: {action: node, to_node: {tree: Menu, node: Hello}}
    nobody_signed_in: {action: message, message: Nobody is here., greeting: Music}
- name: Reserve
ivr_trees:
- {tree_name: Menu, nodes: [{node_name: Hello, node_play_content: Hello.}]}
greeting_files:
- {desc1: Music, tune: calm}
priority_callers:
- {number: 0909 982 888, priority: 7, note: Hospital}
"""


def test_ways_out_lead_to_rows_that_come_later_in_the_file(account, sounds):
    project = import_as_new_project(file_of(WAYS_OUT), account, sounds).project
    reserve, hello = Queue.objects.get(name="Reserve"), IvrNode.objects.get(project=project)
    music = GreetingFile.objects.get(project=project)
    rows = QueueOutcome.objects.filter(queue__name="Support").order_by("pk")
    assert list(rows.values_list("cause", "action", "to_queue", "to_number", "to_node", "message", "greeting")) == [
        ("full", "queue", reserve.pk, "", None, "", None),
        ("waited_too_long", "number", None, "84909982888", None, "", None),
        ("closed", "node", None, "", hello.pk, "", None),
        ("nobody_signed_in", "message", None, "", None, "Nobody is here.", music.pk),
    ]
    caller = PriorityCaller.objects.get(project=project)
    assert (caller.digits, caller.priority, caller.note) == ("84909982888", 7, "Hospital")


def test_way_out_to_a_node_that_was_deleted_since_is_left_out(account, sounds):
    add_missing(file_of(WAYS_OUT), account, "Ours", sounds)
    QueueOutcome.objects.all().delete()
    Queue.objects.get(name="Support").delete()
    IvrNode.objects.get().delete()

    outcome = add_missing(file_of(WAYS_OUT), account, "Ours", sounds)

    assert outcome.added == {"queues": 1}
    causes = QueueOutcome.objects.order_by("pk").values_list("cause", flat=True)
    assert list(causes) == ["full", "waited_too_long", "nobody_signed_in"]


def test_ids_and_keys_are_new(account, sounds):
    first = import_as_new_project(file_of(SMALL), account, sounds).project
    second = import_as_new_project(file_of(SMALL), account, sounds, name="Copy").project
    assert second.name == "Copy"
    for model in (Number, IvrTree, IvrNode, Queue, Agent, GreetingFile):
        assert model.objects.get(project=first).public_id != model.objects.get(project=second).public_id
    assert ApiKey.objects.get(project=first).sid != ApiKey.objects.get(project=second).sid


def test_a_name_that_is_taken_is_refused(account, sounds):
    factories.ProjectFactory(account=account, name="Ours")
    before = counts()
    with pytest.raises(NameTaken, match=r"The account Buyer has a project 'Ours' already; choose another name."):
        import_as_new_project(file_of(SMALL), account, sounds)
    assert counts() == before


def test_nothing_is_left_of_an_import_that_fails_half_way(account, sounds):
    before = counts()
    file = file_of(SMALL)
    good = file.greeting_files[0]
    bad = replace(good, path="greeting_files[1]", values={"desc1": "Bad", "original_name": ""}, audio=NO_SOUND)
    file = replace(file, greeting_files=(good, bad))
    with pytest.raises(BadProjectFile) as refused:
        import_as_new_project(file, account, sounds)
    assert str(refused.value) == "greeting_files[1]: This is not an audio file."
    assert counts() == before
    assert (len(sounds.forgotten), sounds.kept) == (1, {})


def test_passwords_of_sip_accounts_travel_only_when_asked_for(ours, sounds):
    factories.SipAccountFactory(project=ours, user_name="ann", password="desk-phone-password")
    text = exported(ours, sounds)
    assert "desk-phone-password" not in text

    outcome = imported(text, sounds)

    account = SipAccount.objects.get(project=outcome.project)
    assert outcome.passwords_to_set == ["ann"]
    assert (account.password != "desk-phone-password", len(account.password)) == (True, 32)
    with_secrets = imported(exported(ours, sounds, with_secrets=True), sounds, name="With secrets")
    assert with_secrets.passwords_to_set == []
    assert SipAccount.objects.get(project=with_secrets.project).password == "desk-phone-password"


def test_other_projects_stay_out_of_an_export(ours, theirs, sounds):
    factories.AgentFactory(project=theirs, name="Outsider")
    factories.QueueFactory(project=theirs, name="Their queue")
    sounds.keep(theirs, b"their sound", desc1="Their greeting")
    text = exported(ours, sounds)
    assert text == (
        "# A project of PCC Console. What may stand here: docs/project-file.md\n"
        "format: pcc-console/project\n"
        "version: 1\n"
        "project:\n"
        "  name: Ours\n"
        "  time_zone: Asia/Ho_Chi_Minh\n"
        "  country: VN\n"
    )


def test_the_same_sound_is_written_once(ours, sounds):
    for name in ("Day", "Night"):
        sounds.keep(ours, b"the same sound", desc1=name)
    text = exported(ours, sounds)
    assert text.count("dGhlIHNhbWUgc291bmQ=") == 1
    assert (
        sorted(sounds.content_of(row) for row in GreetingFile.objects.filter(project=ours)) == [b"the same sound"] * 2
    )


# ── Adding what is missing ───────────────────────────────────────────────────────────────────────────────────────────


def test_adding_twice_changes_nothing_the_second_time(account, sounds):
    first = add_missing(file_of(SMALL), account, "Ours", sounds)
    before = counts()
    second = add_missing(file_of(SMALL), account, "Ours", sounds)
    assert (counts(), second.project, second.is_new) == (before, first.project, False)
    assert (second.added, second.kept) == ({}, first.added)
    assert second.passwords_to_set == []


def test_what_people_changed_stays_and_what_they_deleted_comes_back(account, sounds):
    project = add_missing(file_of(SMALL), account, "Ours", sounds).project
    Queue.objects.filter(project=project).update(wrap_up_time_limit=99)
    BusinessHours.objects.get(project=project).ranges.all().delete()
    IvrNode.objects.get(project=project).keys.filter(node_key="2").delete()
    CallSettings.objects.filter(project=project).update(event_url="")
    Agent.objects.filter(project=project).delete()

    outcome = add_missing(file_of(SMALL), account, "Ours", sounds)

    assert outcome.added == {"agents": 1}
    assert Queue.objects.get(project=project).wrap_up_time_limit == 99
    assert BusinessHours.objects.get(project=project).ranges.count() == 0
    assert [key.node_key for key in IvrNode.objects.get(project=project).keys.all()] == ["1"]
    assert CallSettings.objects.get(project=project).event_url == ""
    assert Agent.objects.get(project=project).memberships.count() == 0


def test_rows_of_the_same_name_are_matched_in_their_order(account, sounds):
    two = file_of("groups:\n- {name: Team}\n- {name: Team, ref: night}")
    three = file_of("groups:\n- {name: Team}\n- {name: Team, ref: x}\n- {name: Team, ref: y}")
    project = add_missing(two, account, "Ours", sounds).project
    assert add_missing(two, account, "Ours", sounds).added == {}
    assert add_missing(three, account, "Ours", sounds).added == {"groups": 1}
    assert project.name == "Ours"


def test_a_number_is_known_by_its_digits(account, sounds):
    add_missing(file_of("numbers:\n- number: 0909 982 888"), account, "Ours", sounds)
    assert add_missing(file_of("numbers:\n- number: +84909982888"), account, "Ours", sounds).kept == {"numbers": 1}


def test_a_second_default_of_business_hours_is_not_made(account, sounds):
    project = add_missing(file_of("business_hours:\n- {name: A, is_default: true}"), account, "Ours", sounds).project
    add_missing(file_of("business_hours:\n- {name: B, is_default: true}"), account, "Ours", sounds)
    assert list(BusinessHours.objects.filter(project=project).order_by("pk").values_list("name", "is_default")) == [
        ("A", True),
        ("B", False),
    ]


def test_an_extension_that_is_taken_is_refused(account, sounds):
    add_missing(file_of("sip_accounts:\n- {user_name: ann, extension: 101}"), account, "Ours", sounds)
    with pytest.raises(BadProjectFile) as refused:
        add_missing(file_of("sip_accounts:\n- {user_name: bob, extension: 101}"), account, "Ours", sounds)
    assert str(refused.value) == "sip_accounts[0]: the extension 101 belongs to 'ann' already"
    assert SipAccount.objects.count() == 1


def test_a_new_tree_may_lead_into_one_that_is_there_already(account, sounds):
    old = "ivr_trees:\n- {tree_name: Old, nodes: [{node_name: A}, {node_name: B}]}\n"
    key = "{1: {action: node, next_node: {tree: Old, node: B}}, 2: {action: node, next_node: {tree: Old, node: A}}}"
    new = f"- {{tree_name: New, nodes: [{{node_name: N, keys: {key}}}]}}\n"
    project = add_missing(file_of(old), account, "Ours", sounds).project
    IvrNode.objects.get(project=project, node_name="A").delete()
    add_missing(file_of(old + new), account, "Ours", sounds)
    one, two = IvrNode.objects.get(project=project, node_name="N").keys.order_by("node_key")
    assert (str(one.next_node), two.next_node) == ("B", None)


def test_the_history_says_that_a_command_did_it(account, sounds):
    with acting_as("seed_project"):
        project = add_missing(file_of(SMALL), account, "Ours", sounds).project
    entry = LogEntry.objects.get_for_object(Queue.objects.get(project=project)).get()
    assert entry.additional_data == {"project": project.pk, "actor": "seed_project"}


def test_two_accounts_may_have_projects_of_the_same_name(sounds):
    first, second = Account.objects.create(name="A"), Account.objects.create(name="B")
    made = [add_missing(file_of(SMALL), account, "Ours", sounds).project.pk for account in (first, second)]
    assert len(set(made)) == 2
