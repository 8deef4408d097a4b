"""Numbers, blocked callers, agents, groups, queues, group routing and SIP accounts in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from agents.models import Agent, SipAccount
from numbers_app.models import BlockedNumber, Number
from queues.models import Queue
from routing.models import GroupRouting
from tests import factories
from tests.console import page as address

NAMES = ["Nguyễn Thị Lan", "Trần Văn Minh", "Lê Hoàng Đức", "Phạm Thu Hà", "Maria García"]
LISTS = ["number", "blacklistnumber", "prioritycaller", "agent", "group", "queue", "grouprouting", "sipaccount"]
FORMS = ["number", "blacklistnumber", "prioritycaller", "agent", "group", "queue", "sipaccount"]


@pytest.fixture
def furnished(ours):
    """A project with a row of every kind, and some more agents."""
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    node = factories.IvrNodeFactory(project=ours, tree=tree)
    groups = [factories.GroupFactory(project=ours, name=name) for name in ("English sellers", "Technicians")]
    queue = factories.QueueFactory(project=ours, name="Support")
    factories.QueueFactory(project=ours, name="Alone")
    factories.IvrKeyPressFactory(project=ours, node=node, action=2, queue=queue)
    for number, name in enumerate(NAMES):
        agent = factories.AgentFactory(
            project=ours,
            name=name,
            stringee_user_id=f"agent_{number}",
            manual_status=["AVAILABLE", "LUNCH BREAK", None][number % 3],
        )
        factories.GroupMembershipFactory(project=ours, agent=agent, group=groups[number % 2])
    factories.SipAccountFactory(project=ours, user_name="agent_0", stringee_user_id="agent_0", extension=100)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=groups[0])
    factories.NumberFactory(project=ours, number="842473082686", nickname="Hotline", enable_ivr=True, ivr_tree=tree)
    factories.NumberFactory(project=ours, number="84899199586", queue=queue)
    factories.BlockedNumberFactory(project=ours)
    factories.PriorityCallerFactory(project=ours)
    factories.QueueOutcomeFactory(project=ours, queue=queue)
    return ours


@pytest.mark.parametrize("name", LISTS)
def test_list_is_accessible(console, check_page, furnished, supervisor, name):
    console.sign_in(supervisor)
    check_page(console.open(f"/setting/{name}/"))


@pytest.mark.parametrize("name", LISTS)
def test_empty_list_is_accessible(console, check_page, ours, supervisor, name):
    console.sign_in(supervisor)
    check_page(console.open(f"/setting/{name}/"), f"empty-{name}")


@pytest.mark.parametrize("name", FORMS)
def test_form_of_a_new_row_is_accessible(console, check_page, furnished, supervisor, name):
    console.sign_in(supervisor)
    check_page(console.open(f"/setting/{name}/add/"))


@pytest.mark.parametrize("user", ["supervisor", "viewer"])
def test_form_of_a_row_is_accessible(console, check_page, furnished, user, request):
    console.sign_in(request.getfixturevalue(user))
    rows = {
        "agents_agent": Agent.objects.get(stringee_user_id="agent_0"),
        "agents_sipaccount": SipAccount.objects.get(),
        "agents_group": GroupRouting.objects.get().group,
        "queues_queue": GroupRouting.objects.get().queue,
        "numbers_app_number": Number.objects.first(),
    }
    for model, row in rows.items():
        check_page(console.open(address(model, "change", row.pk)), f"{user}-{model}")


@pytest.mark.parametrize("path", ["number/import", "agent/import", "queue/import", "blacklistnumber/paste"])
def test_page_for_many_rows_is_accessible(console, check_page, furnished, supervisor, path):
    console.sign_in(supervisor)
    check_page(console.open(f"/setting/{path}/"))


def test_enable_ivr_shows_the_tree_and_hides_the_queue(console, furnished, supervisor):
    number = Number.objects.get(number="84899199586")
    console.sign_in(supervisor)
    page = console.open(address("numbers_app_number", "change", number.pk))
    switch, tree, queue = page.get_by_label("Enable IVR"), page.locator("#id_ivr_tree"), page.locator("#id_queue")
    expect(queue).to_be_visible()
    expect(tree).to_be_hidden()

    switch.focus()
    page.keyboard.press("Space")
    expect(tree).to_be_visible()
    expect(queue).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Choose the IVR tree that callers hear, or switch IVR off.")).to_be_visible()
    expect(page.locator("#id_ivr_tree")).to_be_visible()

    page.locator("#id_ivr_tree").select_option(label="Welcome")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="IVR tree Welcome")).to_have_count(2)
    number.refresh_from_db()
    assert (number.enable_ivr, number.queue) == (True, None)


def test_members_are_picked_from_a_thousand_with_the_keyboard(console, check_page, ours, supervisor):
    for number in range(1000):
        factories.AgentFactory(project=ours, name=f"{NAMES[number % 5]} {number}", stringee_user_id=f"agent_{number}")
    console.sign_in(supervisor)
    page = console.open("/setting/group/add/")
    count = page.locator(".pick-many-count")
    expect(count).to_have_text("0 of 1000 chosen")

    page.get_by_label("Name").fill("Duc and Lan")
    page.get_by_label("Search in the list").focus()
    page.keyboard.type("duc le hoang agent_99")
    expect(count).to_have_text("0 of 1000 chosen, 2 shown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(count).to_have_text("2 of 1000 chosen, 2 shown")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Search in the list")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("agent_500")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator(".pick-many-list input:focus")).to_have_count(0)
    expect(count).to_have_text("3 of 1000 chosen, 1 shown")
    page.get_by_label("Search in the list").fill("")
    page.get_by_label("Only the chosen").check()
    expect(count).to_have_text("3 of 1000 chosen, 3 shown")
    check_page(page, "group-with-a-thousand-agents")

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="Duc and Lan")).to_contain_text("3")
    members = Agent.objects.filter(groups__name="Duc and Lan").values_list("stringee_user_id", flat=True)
    assert set(members) == {"agent_992", "agent_997", "agent_500"}


def test_all_shown_are_chosen_and_removed_at_once(console, furnished, supervisor):
    console.sign_in(supervisor)
    page = console.open("/setting/group/add/")
    page.get_by_label("Search in the list").fill("an")
    page.get_by_role("button", name="Choose all shown").click()
    expect(page.locator(".pick-many-count")).to_have_text("3 of 5 chosen, 3 shown")
    page.get_by_label("Search in the list").fill("minh")
    page.get_by_role("button", name="Remove all shown").click()
    expect(page.locator(".pick-many-count")).to_have_text("2 of 5 chosen, 1 shown")


def test_error_in_a_closed_level_of_a_queue_is_seen(console, check_page, furnished, supervisor):
    console.sign_in(supervisor)
    page = console.open("/setting/queue/add/")
    expect(page.get_by_label("Agent list URL")).to_be_hidden()
    page.get_by_label("Name").fill("New queue")
    page.get_by_text("Expert: devices, your own servers, targets").click()
    page.get_by_label("Agent list URL").fill("ftp://crm.example.com")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Write a web address that begins with https:// or http://")).to_be_visible()
    expect(page.get_by_label("Agent list URL")).to_be_visible()
    check_page(page, "queue-with-an-error")
    assert not Queue.objects.filter(name="New queue").exists()


def test_way_out_of_a_queue_shows_the_fields_that_its_action_needs(console, check_page, furnished, supervisor):
    queue = Queue.objects.get(name="Alone")
    console.sign_in(supervisor)
    page = console.open(address("queues_queue", "change", queue.pk))
    page.get_by_role("link", name="Add another Way out").click()
    row = page.locator("#outcomes-data .form-group:not(.empty-form)")
    other_queue, number = row.get_by_label("Other queue", exact=True), row.get_by_label("Forward to", exact=True)
    expect(other_queue).to_be_hidden()
    row.get_by_label("When").select_option("full")
    row.get_by_label("Then").select_option("number")
    expect(number).to_be_visible()
    row.get_by_label("Then").select_option("queue")
    expect(number).to_be_hidden()
    other_queue.select_option(label="Support")
    check_page(page, "queue-with-a-way-out")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="Support")).to_contain_text("Alone (The line is full)")
    assert queue.outcomes.get().to_queue.name == "Support"


def test_groups_move_between_tiers_by_keyboard_and_keep_the_focus(console, check_page, furnished, supervisor):
    queue = Queue.objects.get(name="Support")
    console.sign_in(supervisor)
    page = console.open("/setting/queue/")
    page.get_by_role("link", name="Group routing of Support").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Group routing of Support")
    check_page(page, "group-routing")

    page.get_by_role("button", name="Add as backup: Technicians").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Technicians is now a backup group.")).to_be_visible()
    expect(page.get_by_role("button", name="Move to primary: Technicians")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Technicians is now a primary group.")).to_be_visible()
    expect(page.get_by_role("button", name="Move to backup: Technicians")).to_be_focused()
    assert set(GroupRouting.objects.filter(queue=queue).values_list("group__name", "primary_group")) == {
        ("English sellers", 1),
        ("Technicians", 1),
    }

    for group in ("Technicians", "English sellers"):
        page.get_by_role("button", name=f"Remove: {group}").click()
    expect(page.get_by_text("Nobody serves this queue: its callers wait in vain.")).to_be_visible()
    check_page(page, "group-routing-nobody")
    assert not GroupRouting.objects.filter(queue=queue).exists()


def test_list_of_callers_is_pasted_checked_and_blocked(console, check_page, ours, supervisor):
    factories.BlockedNumberFactory(project=ours, number="84909982889")
    console.sign_in(supervisor)
    page = console.open("/setting/blacklistnumber/")
    page.get_by_role("link", name="Paste a list").first.click()
    page.get_by_role("textbox").last.fill("0909 982 888; 84909982889\n+84 909 982 888\nnot a number")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    check_page(page, "pasted-list")

    page.get_by_role("button", name="Block 1 caller").click()
    expect(page.get_by_text("1 caller is now blocked.")).to_be_visible()
    assert set(BlockedNumber.objects.values_list("digits", flat=True)) == {"84909982888", "84909982889"}


def test_file_is_imported_after_its_preview(console, check_page, furnished, supervisor):
    console.sign_in(supervisor)
    page = console.open("/setting/agent/")
    page.get_by_role("link", name="Import").click()
    broken = b"stringee_user_id,name,groups\nagent_0,Lan,Nowhere\n"
    page.set_input_files("input[type=file]", {"name": "agents.csv", "mimeType": "text/csv", "buffer": broken})
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2, groups: There is no group “Nowhere”.")
    check_page(page, "import-with-errors")

    content = "stringee_user_id;name;groups\nagent_0;Lan;Technicians\nnew_1;Nguyễn Văn Tâm;\n".encode()
    page.set_input_files("input[type=file]", {"name": "agents.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Show what changes").click()
    found = page.get_by_role("status").filter(has_text="row is new")
    expect(found).to_contain_text("1 row is new, 1 changes, 0 stay as they are.")
    check_page(page, "import-preview")
    assert Agent.objects.count() == 5

    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_text("1 row is new. 1 row changed. 0 rows were like that already.")).to_be_visible()
    assert Agent.objects.get(stringee_user_id="agent_0").groups.get().name == "Technicians"


def test_agent_gets_a_sip_account_and_can_be_searched_by_a_typed_status(console, check_page, furnished, supervisor):
    console.sign_in(supervisor)
    page = console.open("/setting/agent/add/")
    page.get_by_label("Name").fill("Đỗ Hải Yến")
    page.get_by_label("User ID").fill("yen")
    page.get_by_label("Create SIP phone account").check()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Choose a password for the SIP phone account.")).to_be_visible()
    check_page(page, "agent-with-an-error")
    page.locator("#id_sip_password").fill("correct horse")
    page.get_by_role("button", name="Save and continue editing").click()

    expect(page.get_by_role("link", name=f"{furnished.pk}_yen")).to_be_visible()
    expect(page.locator("#id_sip_password")).to_have_value("")
    assert SipAccount.objects.get(user_name="yen").password == "correct horse"


def test_bulk_action_says_what_will_change(console, check_page, furnished, supervisor):
    console.sign_in(supervisor)
    page = console.open("/setting/number/")
    page.locator("input.action-select").first.check()
    page.get_by_label("Select action to run").select_option(label="Send callers to a queue")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Queue").select_option(label="Alone")
    check_page(page, "bulk-action-question")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("cell", name="Alone")).to_be_visible()
    check_page(page, "bulk-action-plan")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Queue Alone")).to_be_visible()
    assert Number.objects.get(nickname="Hotline").queue == Queue.objects.get(name="Alone")
