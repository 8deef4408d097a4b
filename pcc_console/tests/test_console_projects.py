"""Which project a person works in: chosen, switched, and looked up at every request."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.models import Member
from tests import factories
from tests.console import FRAME_QUERIES, sign_in, texts


def open_project(client) -> str:
    project = client.get("/account/").context["project"]
    return project.name if project else ""


def test_only_project_is_open_without_a_choice(client, owner):
    client.force_login(owner)
    assert client.get("/").status_code == 200
    assert open_project(client) == "Ours"


def test_several_projects_are_a_choice_that_leads_back(client, owner, ours, theirs):
    Member.objects.create(project=theirs, user=owner, role="viewer")
    client.force_login(owner)
    assert client.get("/setting/member/?q=a")["Location"] == "/project/?next=%2Fsetting%2Fmember%2F%3Fq%3Da"
    page = client.get("/project/")
    assert [project.name for project in page.context["page"]] == ["Ours", "Theirs"]
    answer = client.post("/project/", {"project": theirs.pk, "next": "/setting/member/"})
    assert answer["Location"] == "/setting/member/"
    assert open_project(client) == "Theirs"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_choice_never_leads_to_another_host(client, owner, ours, wanted):
    client.force_login(owner)
    assert client.post("/project/", {"project": ours.pk, "next": wanted})["Location"] == "/"


@pytest.mark.parametrize("wanted", ["{theirs}", "0", "-1", "999999999999999999999", "", "ours", "1;--"])
def test_project_of_others_cannot_be_chosen(client, owner, theirs, wanted):
    client.force_login(owner)
    assert client.post("/project/", {"project": wanted.format(theirs=theirs.pk)}).status_code == 404
    assert open_project(client) == "Ours"


def test_session_that_names_a_project_of_others_opens_nothing(owner, theirs):
    client = sign_in(owner, theirs)
    assert client.get("/")["Location"] == "/project/?next=%2F"
    assert open_project(client) == ""


def test_removed_member_is_out_at_once(ours, owner, viewer):
    client = sign_in(viewer, ours)
    assert client.get("/setting/agent/").status_code == 200
    Member.objects.filter(user=viewer).delete()
    assert client.get("/setting/agent/").status_code == 302
    assert "You are not a member of a project yet" in texts(client.get("/project/"))


def test_changed_role_counts_at_once(ours, supervisor):
    client = sign_in(supervisor, ours)
    assert client.get("/setting/agent/add/").status_code == 200
    Member.objects.filter(user=supervisor).update(role="viewer")
    assert client.get("/setting/agent/add/").status_code == 403


def test_operator_opens_every_project_as_its_owner(admin_user, ours, theirs):
    client = sign_in(admin_user, theirs)
    assert client.get("/").context["role"] == "owner"
    assert [project.name for project in client.get("/").context["switch_projects"]] == ["Ours", "Theirs"]


def test_operator_of_an_empty_installation_is_told_to_create_a_project(admin_user):
    page = sign_in(admin_user).get("/project/")
    assert "Create a project" in texts(page)


def test_many_projects_are_searched_and_paged(client, owner, ours):
    for number in range(30):
        project = factories.ProjectFactory(name=f"Branch {number:02d}")
        Member.objects.create(project=project, user=owner, role="viewer")
    client.force_login(owner)
    first = client.get("/project/").context
    assert len(first["page"]) == 24
    assert len(first["switch_projects"]) == 8
    assert first["has_more_projects"]
    assert len(client.get("/project/?page=2").context["page"]) == 7
    assert [each.name for each in client.get("/project/?q=branch 07").context["page"]] == ["Branch 07"]
    assert client.get("/project/?page=nonsense").status_code == 200


def test_frame_of_a_page_costs_five_queries(django_assert_num_queries, ours, owner):
    client = sign_in(owner, ours)
    client.get("/account/")
    # The account page itself asks besides whether two-step sign-in is on.
    with django_assert_num_queries(FRAME_QUERIES + 1):
        client.get("/account/")


def test_programs_without_a_session_cost_no_query(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        Client().get("/login/")


@pytest.mark.parametrize(
    ("path", "role", "allowed"),
    [
        ("/setting/agent/add/", "supervisor", True),
        ("/setting/agent/add/", "viewer", False),
        ("/setting/member/add/", "owner", True),
        ("/setting/member/add/", "supervisor", False),
        ("/setting/apikey/add/", "owner", True),
        ("/setting/apikey/add/", "supervisor", False),
        ("/setting/accesstoken/", "supervisor", True),
        ("/setting/accesstoken/", "viewer", False),
        ("/operator/user/", "owner", False),
        ("/operator/account/", "owner", False),
        ("/setting/project/add/", "owner", False),
    ],
)
def test_role_opens_what_it_should(ours, path, role, allowed):
    user = factories.MemberFactory(project=ours, role=role).user
    assert sign_in(user, ours).get(path).status_code == (200 if allowed else 403)


@pytest.mark.parametrize(
    "path",
    [
        "number",
        "blacklistnumber",
        "ivrtree",
        "agent",
        "group",
        "queue",
        "greeting",
        "businesshour",
        "callsetting",
        "sipaccount",
        "blacklist",
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_addresses_of_the_original_console_lead_to_their_pages(ours, supervisor, path, slash):
    answer = sign_in(supervisor, ours).get(f"/setting/{path}{slash}", follow=True)
    assert answer.status_code == 200
    wanted = {"blacklist": "blacklistnumber"}.get(path, path)
    assert answer.request["PATH_INFO"].startswith(f"/setting/{wanted}/")


def test_menu_stands_in_the_original_order(ours, owner):
    groups = sign_in(owner, ours).get("/").context["sidebar_navigation"]
    assert [item["link"] for item in groups[1]["items"]] == [
        f"/setting/{path}/"
        for path in (
            "number",
            "blacklistnumber",
            "prioritycaller",
            "ivrtree",
            "agent",
            "group",
            "queue",
            "greeting",
            "businesshour",
            "callsetting",
            "sipaccount",
        )
    ]
    assert [group["title"] for group in groups] == ["", "Contact center", "Calls", "Web hooks", "Project"]
    assert [item["active"] for item in groups[0]["items"]] == [True]


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/", "/"),
        ("/setting/agent/add/", "/setting/agent/"),
        ("/setting/project/own/", "/setting/project/{ours}/change/"),
        ("/setting/accesstoken/", "/setting/accesstoken/"),
        ("/setting/project/", "/setting/project/"),
        ("/setting/project/{theirs}/change/", "/setting/project/"),
        ("/operator/user/add/", "/operator/user/"),
        ("/account/", None),
    ],
)
def test_menu_marks_the_present_page_only(ours, theirs, admin_user, path, marked):
    ids = {"ours": ours.pk, "theirs": theirs.pk}
    groups = sign_in(admin_user, ours).get(path.format(**ids), follow=True).context["sidebar_navigation"]
    active = [item["link"] for group in groups for item in group["items"] if item["active"]]
    assert active == ([marked.format(**ids)] if marked else [])


@pytest.mark.parametrize(
    ("path", "landing"),
    [
        ("/setting/agent/{agent}/change/", "/setting/agent/"),
        ("/setting/history/?q=a", "/setting/history/"),
        ("/setting/accesstoken/", "/"),
        ("/account/", "/"),
    ],
)
def test_switching_the_project_stays_on_the_same_kind_of_page(ours, owner, agent_1, path, landing):
    page = sign_in(owner, ours).get(path.format(agent=agent_1.pk))
    assert page.context["switch_next"] == landing


def test_menu_of_a_viewer_has_no_tool_that_writes(ours, viewer):
    groups = sign_in(viewer, ours).get("/").context["sidebar_navigation"]
    links = [item["link"] for group in groups for item in group["items"]]
    assert "/setting/accesstoken/" not in links
    assert "/setting/agent/" in links


@pytest.mark.parametrize("path", ["/agents/", "/projects/", "/r/7/1/", "/nothing/here/", "/agents/agent/"])
def test_addresses_that_the_admin_would_have_are_not_there(ours, owner, path):
    assert sign_in(owner, ours).get(path).status_code == 404
