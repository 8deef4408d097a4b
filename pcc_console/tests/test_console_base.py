"""What every page gets from `projects.console`, tried on the real pages of the product."""

from __future__ import annotations

import threading

import pytest
from django.contrib import admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from agents.models import Agent, Group, GroupMembership
from numbers_app.models import Number
from projects.console import ProjectAdmin, ProjectTabularInline, bulk
from projects.models import Role
from queues.models import Queue
from tests import factories
from tests.console import errors_of, form_values, said, sign_in, texts


@pytest.fixture
def client(ours, supervisor):
    return sign_in(supervisor, ours)


def choices_of(response, field) -> set[str]:
    return {str(label) for _value, label in response.context["adminform"].form.fields[field].choices}


# ── Rows, choices and filters ────────────────────────────────────────────────────────────────────────────────────────
def test_list_has_only_rows_of_the_project(client, ours, theirs):
    factories.QueueFactory(project=ours, name="Our queue")
    factories.QueueFactory(project=theirs, name="Their queue")
    page = texts(client.get("/setting/queue/"))
    assert "Our queue" in page
    assert "Their queue" not in page


def test_foreign_key_offers_and_takes_only_rows_of_the_project(client, ours, theirs):
    factories.QueueFactory(project=ours, name="Our queue")
    foreign = factories.QueueFactory(project=theirs, name="Their queue")
    page = client.get("/setting/number/add/")
    assert "Their queue" not in texts(page)
    answer = client.post("/setting/number/add/", {**form_values(page), "number": "842473000000", "queue": foreign.pk})
    assert list(errors_of(answer)) == ["queue"]
    assert not Number.objects.exists()


@pytest.mark.parametrize("name", ["queue__id__exact", "queue", "queue__exact", "queue__name__startswith"])
def test_filter_by_a_row_of_another_project_finds_and_names_nothing(client, ours, theirs, name):
    factories.NumberFactory(project=ours, number="842473000001")
    foreign = factories.QueueFactory(project=theirs, name="Their queue")
    value = "Their" if name.endswith("startswith") else foreign.pk
    answer = client.get("/setting/number/", {name: value}, follow=True)
    assert answer.status_code in (200, 400)
    assert "Their queue" not in texts(answer)


def test_new_row_belongs_to_the_open_project_whatever_the_form_says(client, ours, theirs):
    given = {
        **form_values(client.get("/setting/queue/add/")),
        "name": "New",
        "project": theirs.pk,
        "project_id": theirs.pk,
    }
    client.post("/setting/queue/add/", given)
    assert Queue.objects.get(name="New").project == ours


# ── Checks before saving ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("spelling", ["842473082686", "+84 24 7308 2686", "024.7308.2686", "0084 24 73082686"])
def test_number_that_is_there_already_is_an_error_of_its_field(client, ours, spelling):
    factories.NumberFactory(project=ours, number="84 2473 082 686")
    given = {**form_values(client.get("/setting/number/add/")), "number": spelling}
    answer = client.post("/setting/number/add/", given)
    assert list(errors_of(answer)) == ["number"]
    assert "84 2473 082 686" in errors_of(answer)["number"][0]
    assert Number.objects.count() == 1


def test_number_of_another_project_is_free(client, ours, theirs):
    factories.NumberFactory(project=theirs, number="842473082686")
    given = {**form_values(client.get("/setting/number/add/")), "number": "842473082686"}
    assert client.post("/setting/number/add/", given).status_code == 302


def test_row_keeps_its_own_number(client, ours):
    number = factories.NumberFactory(project=ours, number="842473082686")
    address = f"/setting/number/{number.pk}/change/"
    answer = client.post(address, {**form_values(client.get(address)), "number": "+84 24 7308 2686"})
    assert answer.status_code == 302
    number.refresh_from_db()
    assert number.number == "+84 24 7308 2686"


@pytest.mark.parametrize("typed", ["hello", "12", "+84 24 73x8", "1234567890123456", "٣٤٥٦٧٨٩", "\x00"])
def test_what_is_no_number_is_an_error_of_its_field(client, typed):
    given = {**form_values(client.get("/setting/number/add/")), "number": typed}
    assert list(errors_of(client.post("/setting/number/add/", given))) == ["number"]


def test_user_id_is_unique_in_the_project_only(client, ours, theirs, agent_1):
    factories.AgentFactory(project=theirs, stringee_user_id="free_here")
    given = form_values(client.get("/setting/agent/add/"))
    taken = client.post("/setting/agent/add/", {**given, "name": "B", "stringee_user_id": "agent_1"})
    assert list(errors_of(taken)) == ["stringee_user_id"]
    assert (
        client.post("/setting/agent/add/", {**given, "name": "B", "stringee_user_id": "free_here"}).status_code == 302
    )
    assert Agent.objects.filter(project=ours).count() == 2


def test_lost_race_is_said_and_saves_nothing(client, ours, monkeypatch):
    def lose(*args, **kwargs):
        raise IntegrityError("somebody was faster")

    monkeypatch.setattr(Queue, "save", lose)
    given = {**form_values(client.get("/setting/queue/add/")), "name": "New"}
    answer = client.post("/setting/queue/add/", given)
    assert answer["Location"] == "/setting/queue/add/"
    assert said(answer) == ["Somebody changed the same thing at the same time, so nothing was saved. Please try again."]


# ── Searching ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("spelling", ["024 7308 2686", "+84.24.7308.2686", "7308 2686", "84247308", "(024) 7308-2686"])
def test_numbers_are_found_in_any_spelling(client, ours, spelling):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Hotline")
    factories.NumberFactory(project=ours, number="842473000000", nickname="Other")
    found = client.get("/setting/number/", {"q": spelling}).context["cl"].result_list
    assert [number.nickname for number in found] == ["Hotline"]


def test_search_over_everything_finds_no_other_project_and_remembers_nothing(ours, theirs, owner):
    factories.MemberFactory(project=theirs, user=owner, role="viewer")
    factories.QueueFactory(project=ours, name="Alpha of ours")
    factories.QueueFactory(project=theirs, name="Alpha of theirs")
    client = sign_in(owner, ours)
    assert "Alpha of ours" in texts(client.get("/search/?s=alpha"))
    client.post("/project/", {"project": theirs.pk})
    found = texts(client.get("/search/?s=alpha"))
    assert "Alpha of theirs" in found
    assert "Alpha of ours" not in found


@pytest.mark.parametrize("term", ["", "a", " "])
def test_too_little_to_search_for_is_no_search(client, term):
    assert client.get("/search/", {"s": term}).content == b""


# ── Empty lists ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_empty_list_says_what_to_do_next(client):
    page = texts(client.get("/setting/queue/"))
    assert "Nothing here yet" in page
    assert "Add queue" in page


def test_list_that_a_search_has_emptied_offers_everything(client, ours):
    factories.QueueFactory(project=ours, name="Support")
    page = texts(client.get("/setting/queue/?q=nonsense"))
    assert "Nothing found" in page
    assert "Show all" in page


def test_viewer_of_an_empty_list_is_not_invited_to_add(ours, viewer):
    assert "Add queue" not in texts(sign_in(viewer, ours).get("/setting/queue/"))


# ── Deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_deleting_names_what_goes_along_and_deletes_only_on_post(client, ours, agent_1):
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    page = client.get(f"/setting/group/{group.pk}/delete/")
    assert "Group member 1 Agent One · Sales" in texts(page)
    assert Group.objects.filter(pk=group.pk).exists()
    client.post(f"/setting/group/{group.pk}/delete/", {"post": "yes"})
    assert not Group.objects.exists()


def test_refused_deletion_names_the_users_with_a_way_to_them(client, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    number = factories.NumberFactory(project=ours, number="842473082686", queue=queue)
    page = client.get(f"/setting/queue/{queue.pk}/delete/")
    assert "This cannot be deleted" in texts(page)
    assert f'href="/setting/number/{number.pk}/change/"' in page.content.decode()
    assert 'name="post"' not in page.content.decode()
    answer = client.post(f"/setting/queue/{queue.pk}/delete/", {"post": "yes"})
    assert "cannot be deleted because it is used by" in said(answer)[0]
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_refusal_of_a_service_is_known_before_deleting(client, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    factories.NumberFactory(project=ours, queue=queue)
    assert "This cannot be deleted" in texts(client.get(f"/setting/group/{group.pk}/delete/"))
    assert Group.objects.filter(pk=group.pk).exists()


def test_trying_a_deletion_leaves_no_trace(client, ours):
    queue = factories.QueueFactory(project=ours)
    history = queue._meta.apps.get_model("auditlog.LogEntry").objects
    before = history.count()
    client.get(f"/setting/queue/{queue.pk}/delete/")
    assert history.count() == before


def test_bulk_deletion_deletes_what_it_can_and_reports_the_rest(client, ours):
    used = factories.QueueFactory(project=ours, name="Used")
    free = factories.QueueFactory(project=ours, name="Free")
    factories.NumberFactory(project=ours, queue=used)
    chosen = {"action": "delete_selected", "_selected_action": [used.pk, free.pk]}
    page = texts(client.post("/setting/queue/", chosen))
    assert "1 of these cannot be deleted" in page or "This cannot be deleted" in page
    assert "Delete the others" in page
    assert Queue.objects.count() == 2
    answer = client.post("/setting/queue/", {**chosen, "post": "yes"})
    assert len(said(answer)) == 2
    assert said(answer)[1] == "1 row deleted."
    assert list(Queue.objects.all()) == [used]


def test_rows_of_another_project_cannot_be_chosen_for_an_action(client, theirs):
    foreign = factories.QueueFactory(project=theirs)
    chosen = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
    client.post("/setting/queue/", chosen)
    assert Queue.objects.filter(pk=foreign.pk).exists()


def test_too_many_rows_at_once_are_refused(client, ours, monkeypatch):
    from projects.console import admin

    monkeypatch.setattr(admin, "MOST_ROWS", 2)
    factories.QueueFactory.create_batch(3, project=ours)
    chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": [Queue.objects.first().pk]}
    answer = client.post("/setting/queue/", {**chosen, "post": "yes"})
    assert said(answer) == ["At most 2 rows can be deleted at once. Choose fewer."]
    assert Queue.objects.count() == 3


# ── Actions on many rows ─────────────────────────────────────────────────────────────────────────────────────────────
def test_action_shows_old_and_new_then_applies(client, ours):
    numbers = factories.NumberFactory.create_batch(2, project=ours, record_outbound_calls=True)
    chosen = {"action": "do_not_record_outbound", "_selected_action": [number.pk for number in numbers]}
    page = texts(client.post("/setting/number/", chosen))
    assert "2 rows will change" in page
    assert "Record outbound calls Yes No" in page
    assert Number.objects.filter(record_outbound_calls=True).count() == 2
    answer = client.post("/setting/number/", {**chosen, "confirmed": "1"})
    assert said(answer) == ["2 rows changed."]
    assert Number.objects.filter(record_outbound_calls=True).count() == 0
    again = texts(client.post("/setting/number/", chosen))
    assert "2 rows are like this already." in again


def test_action_on_too_many_rows_is_refused(client, ours, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_ROWS", 1)
    numbers = factories.NumberFactory.create_batch(2, project=ours)
    chosen = {"action": "do_not_record_outbound", "_selected_action": [number.pk for number in numbers]}
    answer = client.post("/setting/number/", chosen)
    assert said(answer) == ["At most 1 rows can be changed at once. Choose fewer."]


def test_action_asks_first_and_takes_no_row_of_another_project(client, ours, theirs):
    number = factories.NumberFactory(project=ours)
    queue = factories.QueueFactory(project=ours, name="Our queue")
    foreign = factories.QueueFactory(project=theirs, name="Their queue")
    chosen = {"action": "send_to_queue", "_selected_action": [number.pk]}
    asked = texts(client.post("/setting/number/", chosen))
    assert "Our queue" in asked
    assert "Their queue" not in asked
    client.post("/setting/number/", {**chosen, "with-queue": foreign.pk, "confirmed": "1"})
    number.refresh_from_db()
    assert number.queue is None
    planned = texts(client.post("/setting/number/", {**chosen, "with-queue": queue.pk, "asked": "1"}))
    assert "Queue – Our queue" in planned
    client.post("/setting/number/", {**chosen, "with-queue": queue.pk, "confirmed": "1"})
    number.refresh_from_db()
    assert number.queue == queue


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one(ours):
    from projects import services
    from projects.models import Member

    first = factories.MemberFactory(project=ours, role="owner")
    second = factories.MemberFactory(project=ours, role="owner")
    start, outcomes = threading.Barrier(2), []

    def demote(member):
        start.wait()
        try:
            services.change_role(Member.objects.get(pk=member.pk), "viewer")
            outcomes.append("demoted")
        except services.LastOwner:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=[member]) for member in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["demoted", "refused"]
    assert Member.objects.filter(project=ours, role="owner").count() == 1


def test_pages_of_packages_are_not_taken(ours):
    for name in ("axes_accessattempt", "otp_totp_totpdevice", "auth_group"):
        with pytest.raises(Exception, match="Reverse for"):
            reverse(f"admin:{name}_changelist")


# ── What no page of the product uses in this form yet ────────────────────────────────────────────────────────────────
class MembersInline(ProjectTabularInline):
    model = GroupMembership
    fields = ("agent",)


class GroupWithMembers(ProjectAdmin):
    inlines = (MembersInline,)
    fields = ("name",)
    list_filter = (("memberships__agent", AutocompleteSelectFilter),)
    search_fields = ("name",)


@pytest.fixture
def page_of_groups():
    return GroupWithMembers(Group, admin.site)


def ask(rf, user, project, role, method="get", path="/", data=None):
    """A request as the middleware hands it to a page."""
    request = getattr(rf, method)(path, data)
    request.user, request.project, request.role, request.session = user, project, role, {}
    request.user.is_verified = lambda: True
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    return request


def formset(new_agent) -> dict[str, str]:
    return {
        "name": "Sales",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-agent": str(new_agent.pk),
        "_save": "1",
    }


def test_rows_inside_a_row_belong_to_its_project(rf, ours, supervisor, agent_1, page_of_groups):
    request = ask(rf, supervisor, ours, Role.SUPERVISOR, "post", data=formset(agent_1))
    assert page_of_groups.changeform_view(request).status_code == 302
    assert GroupMembership.objects.get(agent=agent_1).project == ours


def test_rows_inside_a_row_take_no_row_of_another_project(rf, ours, theirs, supervisor, page_of_groups):
    foreign = factories.AgentFactory(project=theirs, name="Their agent")
    request = ask(rf, supervisor, ours, Role.SUPERVISOR, "post", data=formset(foreign))
    assert "Their agent" not in page_of_groups.changeform_view(request).render().content.decode()
    assert not GroupMembership.objects.exists()


def test_viewer_cannot_add_rows_inside_a_row(rf, ours, viewer, agent_1, page_of_groups):
    group = factories.GroupFactory(project=ours)
    request = ask(rf, viewer, ours, Role.VIEWER, "post", data=formset(agent_1))
    with pytest.raises(PermissionDenied):
        page_of_groups.changeform_view(request, str(group.pk))
    assert not GroupMembership.objects.exists()


def test_filter_drawn_as_a_form_does_not_name_a_row_of_another_project(rf, ours, theirs, supervisor, page_of_groups):
    foreign = factories.AgentFactory(project=theirs, name="Their agent")
    own = factories.AgentFactory(project=ours, name="Our agent")
    for agent, named in ((foreign, False), (own, True)):
        data = {"memberships__agent__id__exact": str(agent.pk)}
        page = page_of_groups.changelist_view(ask(rf, supervisor, ours, Role.SUPERVISOR, data=data))
        assert (agent.name in page.render().content.decode()) is named
