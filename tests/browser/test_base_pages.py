"""The frame of the console, and the pages that belong to no room: signing in, project, home, keys, members, history."""

from __future__ import annotations

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import expect

from projects import two_step
from projects.models import ApiKey, Member
from tests import factories


@pytest.fixture
def furnished(ours, agent_1, agent_2):
    """A project with a number, a tree, a queue that nobody serves, agents, and a group."""
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    queue = factories.QueueFactory(project=ours, name="Support")
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    tree.root_node = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Language")
    tree.save()
    factories.IvrKeyPressFactory(project=ours, node=tree.root_node, action=2, queue=queue)
    factories.NumberFactory(project=ours, number="842473082686")
    return ours


@pytest.fixture
def many_projects(owner):
    projects = [factories.ProjectFactory(name=f"Project {n}") for n in range(12)]
    for project in projects:
        factories.MemberFactory(project=project, user=owner)
    return projects


PAGES_OF_OWNERS = [
    "/",
    "/project/",
    "/account/",
    "/account/two-step/",
    "/password_change/",
    "/setting/project/own/",
    "/setting/callsetting/",
    "/setting/apikey/",
    "/setting/apikey/add/",
    "/setting/member/",
    "/setting/member/add/",
    "/setting/history/",
    "/setting/accesstoken/",
]


def test_sign_in_page_is_accessible(console, check_page):
    page = console.open("/login/")
    check_page(page)
    expect(page).to_have_title("Sign in | PCC Console")


def test_wrong_password_is_said_on_the_sign_in_page(console, check_page, owner):
    page = console.sign_in_by_hand(owner, password="wrong wrong wrong")
    expect(page.get_by_role("alert")).to_contain_text("Please enter a correct username and password")
    check_page(page, "sign-in-refused")


@pytest.mark.parametrize("path", PAGES_OF_OWNERS)
def test_page_is_accessible_to_an_owner(console, check_page, furnished, owner, path):
    console.sign_in(owner)
    check_page(console.open(path))


@pytest.mark.parametrize("path", ["/", "/setting/callsetting/", "/setting/apikey/", "/setting/member/"])
def test_page_is_accessible_to_a_viewer(console, check_page, furnished, viewer, path):
    console.sign_in(viewer)
    check_page(console.open(path), f"viewer{path.replace('/', '-')}")


@pytest.mark.parametrize("model", ["account", "user"])
@pytest.mark.parametrize("action", ["", "add/"])
def test_page_is_accessible_to_an_operator(console, check_page, ours, admin_user, model, action):
    console.sign_in(admin_user)
    check_page(console.open(f"/operator/{model}/{action}"))


def test_choice_of_the_project_offers_a_search_and_leads_on(console, check_page, owner, ours, many_projects):
    page = console.sign_in_by_hand(owner)
    expect(page).to_have_url(f"{console.address}/project/?next=%2F")
    check_page(page, "choose-project")
    page.get_by_role("searchbox").fill("Project 7")
    page.get_by_role("button", name="Search").click()
    page.locator("main").get_by_role("button", name="Project 7").click()
    expect(page.get_by_role("heading", name="Set up your contact center")).to_be_visible()
    expect(page.locator(".pcc-switch-button")).to_contain_text("Project 7")


def test_somebody_without_a_project_is_told_what_to_do(console, check_page):
    page = console.sign_in(factories.UserFactory())
    expect(page.locator("main")).to_contain_text("Ask an owner of your project to add you")
    check_page(page, "no-project")


def test_project_is_switched_with_the_keyboard(console, check_page, owner, ours, theirs):
    Member.objects.create(project=theirs, user=owner, role="viewer")
    page = console.sign_in(owner, ours)
    page.set_viewport_size({"width": 320, "height": 720})
    page.locator(".pcc-switch-button").focus()
    page.keyboard.press("Enter")
    check_page(page, "project-switch")
    page.keyboard.press("Escape")
    expect(page.locator(".pcc-switch-button")).to_be_focused()
    expect(page.locator(".pcc-switch-button")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.locator("#project-switch")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".pcc-switch-button")).to_contain_text("Theirs")
    expect(page.locator(".pcc-role")).to_have_text("Viewer")


def test_menu_opens_and_closes_on_a_narrow_screen(console, check_page, owner, ours):
    page = console.sign_in(owner)
    page.set_viewport_size({"width": 320, "height": 720})
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="PCC Console")).to_be_focused()
    check_page(page, "menu")
    page.set_viewport_size({"width": 320, "height": 720})
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Main menu")).to_be_hidden()


def test_user_menu_switches_theme_and_language(console, check_page, owner, ours):
    page = console.sign_in(owner)
    page.locator(".pcc-user-button").click()
    check_page(page, "user-menu")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_class("dark")
    page.locator("button[lang=vi]").click()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.locator("html")).to_have_class("dark")


def test_skip_link_leads_to_the_content(console, owner, ours):
    page = console.sign_in(owner)
    page.goto(page.url)  # so that Tab begins at the top, not where the sign-in was clicked
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_search_finds_rows_of_the_project_by_name_and_number(console, check_page, furnished, theirs, owner):
    factories.QueueFactory(project=theirs, name="Support of others")
    page = console.sign_in(owner)
    page.keyboard.press("Control+k")
    page.get_by_role("searchbox", name="Search everything").fill("support")
    expect(page.locator("#command-results-list li")).to_have_count(1)
    check_page(page, "search")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Support")


def test_home_marks_the_next_step_and_says_what_is_wrong(console, furnished, owner):
    page = console.sign_in(owner)
    expect(page.locator(".pcc-steps > .is-done")).to_have_count(6)
    expect(page.locator(".pcc-steps > .is-next")).to_contain_text("Give the queue its groups")
    expect(page.locator(".pcc-findings")).to_contain_text("Support")


def test_new_key_shows_its_secret_once(console, check_page, owner, ours):
    console.sign_in(owner)
    page = console.open("/setting/apikey/add/")
    page.get_by_label("Label").fill("CRM")
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.get_by_label("Secret").input_value()
    key = ApiKey.objects.get(label="CRM")
    assert secret == key.secret
    check_page(page, "key-secret")
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="CRM").click()
    expect(page.locator("main")).to_contain_text(key.sid)
    assert secret not in page.content()
    check_page(page, "key")


def test_key_is_revoked_after_a_confirmation(console, check_page, owner, ours):
    key = ApiKey.objects.get(project=ours)
    console.sign_in(owner)
    page = console.open(f"/setting/apikey/{key.pk}/revoke/")
    check_page(page, "revoke")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_access_token_is_shown_with_its_end_and_can_be_copied(console, check_page, furnished, owner):
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console.sign_in(owner)
    page = console.open("/setting/accesstoken/")
    page.get_by_label("User ID").fill("agent_1")
    page.get_by_role("button", name="Generate access token").click()
    expect(page.locator("main")).to_contain_text("Asia/Ho_Chi_Minh")
    token = page.locator("#token").input_value()
    assert token.count(".") == 2
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    check_page(page, "token")


def test_last_owner_cannot_be_deleted_and_the_page_says_why(console, check_page, owner, ours):
    member = Member.objects.get(user=owner)
    console.sign_in(owner)
    page = console.open(f"/setting/member/{member.pk}/delete/")
    expect(page.locator("main")).to_contain_text("This is the project's last owner.")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    check_page(page, "delete-refused")


def test_deleting_says_what_goes_along(console, check_page, furnished, admin_user):
    user = factories.MemberFactory(project=furnished, user__username="leaver", role="viewer").user
    console.sign_in(admin_user)
    page = console.open(f"/operator/user/{user.pk}/delete/")
    expect(page.locator("main")).to_contain_text("Member 1")
    check_page(page, "delete")


def test_rows_are_counted_as_they_are_selected_and_deleted_together(console, check_page, owner, supervisor, viewer):
    console.sign_in(owner)
    page = console.open("/setting/member/")
    page.locator("input[name=_selected_action]").nth(1).check()
    page.locator("input[name=_selected_action]").nth(2).check()
    expect(page.locator(".action-counter")).to_have_text("2 of 3 selected")
    check_page(page, "selected")
    page.get_by_label("Select action to run").select_option(label="Delete")
    page.get_by_role("button", name="Run").click()
    check_page(page, "delete-many")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("2 rows deleted.")
    assert list(Member.objects.values_list("user__username", flat=True)) == ["owner"]


def test_filters_open_close_and_narrow_the_list(console, check_page, owner, supervisor, viewer):
    console.sign_in(owner)
    page = console.open("/setting/member/")
    page.get_by_role("button", name="Filters").click()
    check_page(page, "filters")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Filters")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Filters").get_by_role("link", name="Viewer").click()
    expect(page.locator("#result_list .data-row")).to_have_count(1)
    check_page(page, "filtered")


def test_history_of_a_row_shows_before_and_after(console, check_page, furnished, owner):
    console.sign_in(owner)
    page = console.open("/setting/project/own/")
    page.get_by_label("Name").fill("Ours, renamed")
    page.get_by_role("button", name="Save", exact=True).click()
    console.open("/setting/project/own/")
    page.get_by_role("link", name="History").last.click()
    row = page.locator("#result_list .data-row").first
    expect(row).to_contain_text("owner")
    expect(row.locator("del")).to_have_text("Ours")
    expect(row.locator("ins")).to_have_text("Ours, renamed")
    check_page(page, "history-of-a-row")
    row.get_by_role("link").first.click()
    check_page(page, "history-entry")


def test_two_step_sign_in_from_setting_up_to_signing_in(console, check_page, owner, ours):
    console.sign_in(owner)
    page = console.open("/account/two-step/")
    device = two_step.begin(owner)
    page.get_by_label("Code from the app").fill(_code(device))
    page.get_by_role("button", name="Switch on").click()
    codes = page.get_by_label("Recovery codes").input_value().split()
    assert len(codes) == 10
    check_page(page, "recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    check_page(page, "account-two-step")
    for path in ("/account/two-step/", "/account/two-step/codes/"):
        check_page(console.open(path), path.strip("/").replace("/", "-") + "-on")
    page.locator(".pcc-user-button").click()
    page.get_by_role("button", name="Log out").click()
    page = console.sign_in_by_hand(owner)
    expect(page.get_by_role("heading", name="Two-step sign-in")).to_be_visible()
    check_page(page, "sign-in-code")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_lockout_page_is_friendly(console, check_page, owner):
    for _attempt in range(5):
        page = console.sign_in_by_hand(owner, password="wrong wrong wrong")
    expect(page.get_by_role("heading", name="Signing in is locked")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Wait 15 minutes")
    console.complaints.clear()  # the browser itself writes down the 429
    check_page(page, "locked-out")


def _code(device) -> str:
    return f"{TOTP(device.bin_key, device.step, device.t0, device.digits).token():06d}"


@pytest.mark.parametrize(("field", "name"), [("queue", "Support"), ("ivr_tree", "Welcome")])
def test_missing_row_is_added_from_the_form_that_needs_it(console, check_page, owner, ours, field, name):
    console.sign_in(owner)
    page = console.open("/setting/number/add/")
    if field == "ivr_tree":
        page.get_by_label("Enable IVR").check()
    with page.expect_popup() as opened:
        page.locator(f"#add_id_{field}").click()
    popup = opened.value
    popup.get_by_label("Name").first.fill(name)
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(f"#id_{field} option:checked")).to_have_text(name)
    check_page(page, f"number-with-new-{field}")


def test_pages_that_say_no_are_accessible(console, check_page, viewer, ours):
    console.sign_in(viewer)
    for path, heading in (("/nothing/here/", "There is nothing here"), ("/setting/agent/add/", "You may not do this")):
        page = console.open(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        console.complaints.clear()  # the browser itself writes down the status
        check_page(page, heading.lower().replace(" ", "-"))
