from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from agents.models import SipAccount
from tests import factories
from tests.console import FRAME_QUERIES, errors_of, form_values, page, said, sign_in, texts

SIP = "agents_sipaccount"


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def test_account_is_added_for_an_agent(console, ours, agent_1):
    values = {"user_name": "desk3", "new_password": "correct horse", "extension": "103", "stringee_user_id": "agent_1"}
    assert console.post(page(SIP, "add"), values).status_code == 302
    account = SipAccount.objects.get()
    assert (account.project, account.login, account.extension) == (ours, f"{ours.pk}_desk3", 103)
    assert (account.password, account.stringee_user_id) == ("correct horse", "agent_1")


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"new_password": ""}, {"new_password": ["This field is required."]}),
        ({"new_password": "short"}, {"new_password": ["Ensure this value has at least 8 characters (it has 5)."]}),
        ({"user_name": "a:b"}, {"user_name": ["A user name has no spaces and none of / @ :."]}),
        ({"user_name": "taken"}, {"user_name": ["This is taken already: SIP account “{login}”."]}),
        ({"extension": "100"}, {"extension": ["This is taken already: SIP account “{login}”."]}),
        ({"extension": "0"}, {"extension": ["Ensure this value is greater than or equal to 1."]}),
        (
            {"stringee_user_id": "outsider"},
            {"stringee_user_id": ["Select a valid choice. outsider is not one of the available choices."]},
        ),
    ],
)
def test_wrong_accounts_are_refused(console, ours, theirs, values, errors):
    factories.AgentFactory(project=theirs, stringee_user_id="outsider")
    taken = factories.SipAccountFactory(project=ours, user_name="taken", extension=100)
    good = {"user_name": "desk3", "new_password": "correct horse", "extension": "103"}

    response = console.post(page(SIP, "add"), {**good, **values})

    expected = {field: [text.replace("{login}", taken.login) for text in found] for field, found in errors.items()}
    assert errors_of(response) == expected
    assert SipAccount.objects.count() == 1


def test_password_is_changed_only_when_a_new_one_is_written_and_is_nowhere_shown(console, ours):
    account = factories.SipAccountFactory(project=ours, user_name="desk3")
    address = page(SIP, "change", account.pk)
    shown = console.get(address)
    assert "desk-phone-password" not in shown.content.decode()
    assert "Set; it is not shown." in texts(shown)
    assert account.login in texts(shown)

    console.post(address, {**form_values(shown), "extension": "103"})
    account.refresh_from_db()
    assert (account.password, account.extension) == ("desk-phone-password", 103)

    response = console.post(address, {**form_values(shown), "new_password": "correct horse", "user_name": "other"})
    assert "Phones with the old password can no longer register." in said(response)
    account.refresh_from_db()
    assert account.password == "correct horse"
    assert account.login == f"{ours.pk}_desk3"
    assert "correct horse" not in str(list(LogEntry.objects.values_list("changes", flat=True)))


def test_account_of_an_unknown_agent_keeps_its_user_id(console, ours):
    account = factories.SipAccountFactory(project=ours, stringee_user_id="comes_later")
    address = page(SIP, "change", account.pk)
    console.post(address, form_values(console.get(address)))
    account.refresh_from_db()
    assert account.stringee_user_id == "comes_later"


def test_list_names_the_agent_and_costs_the_same_for_any_number(console, ours, theirs, django_assert_num_queries):
    factories.AgentFactory(project=theirs, name="Foreign agent", stringee_user_id="agent_x")
    factories.SipAccountFactory(project=ours, user_name="x", stringee_user_id="agent_x")
    for number in range(10):
        agent = factories.AgentFactory(project=ours, name=f"Lan {number}")
        factories.SipAccountFactory(project=ours, stringee_user_id=agent.stringee_user_id)
    with django_assert_num_queries(FRAME_QUERIES + 2):  # count, rows
        shown = texts(console.get(page(SIP, "changelist")))
    assert "Lan 7" in shown
    assert "Foreign agent" not in shown


def test_export_has_no_password_and_import_is_not_offered(console, ours):
    factories.SipAccountFactory(project=ours, user_name="desk3", extension=103, stringee_user_id="lan")
    response = console.get(page(SIP, "export"))
    assert response.content.decode("utf-8-sig").split("\r\n")[:2] == [
        "user_name,login,extension,stringee_user_id",
        f"desk3,{ours.pk}_desk3,103,lan",
    ]
    assert console.get(page(SIP, "import")).status_code == 403
