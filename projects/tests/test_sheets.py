"""Import and export, tried on the pages of numbers, agents, groups and queues."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import openpyxl
import pytest
from auditlog.models import LogEntry
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.models import Agent, Group
from common import sheets
from numbers_app.models import BlockedNumber, Number
from queues.models import Queue
from tests import factories
from tests.console import act, errors_of, page, said, sign_in, texts

NUMBER, BLOCKED, AGENT, GROUP, QUEUE = (
    "numbers_app_number",
    "numbers_app_blockednumber",
    "agents_agent",
    "agents_group",
    "queues_queue",
)


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def upload(console, model, content, name="rows.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return console.post(page(model, "import"), {"file": SimpleUploadedFile(name, data)})


def confirm(console, model, shown):
    return console.post(page(model, "process_import"), {"upload": shown.context["upload"]})


def import_all(console, model, content):
    """Upload and confirm; the file must be fine."""
    shown = upload(console, model, content)
    assert "upload" in shown.context, texts(shown)
    return confirm(console, model, shown)


def found_errors(response):
    return [(error.line, error.column, error.message) for error in response.context["errors"]]


def exported(console, model, kind="csv", **filters):
    response = console.get(page(model, "export"), {"as": kind, **filters})
    return response, sheets.read(response.content)


def test_preview_shows_what_changes_and_writes_nothing(console, ours):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Old name")
    factories.NumberFactory(project=ours, number="84899199586", nickname="Same")

    shown = upload(console, NUMBER, "number,nickname\n842473082686,New name\n84899199586,Same\n0909982888,Fresh\n")

    assert shown.context["summary"] == {"new": 1, "changed": 1, "same": 1}
    rows = [(row.line, row.kind, row.name) for row in shown.context["rows"]]
    assert rows == [(2, "update", "842473082686"), (4, "new", "0909982888")]
    change = shown.context["rows"][0].changes[0]
    assert (change.label, change.old, change.new) == ("nickname", "Old name", "New name")
    assert "1 row is new, 1 changes, 1 stays as it is." in texts(shown)
    assert list(Number.objects.order_by("pk").values_list("nickname", flat=True)) == ["Old name", "Same"]


def test_confirmed_preview_is_written_with_history(console, ours, supervisor):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Old name")
    queue = factories.QueueFactory(project=ours, name="Support")

    shown = upload(console, NUMBER, "number;nickname;queue\n+84 24 7308 2686;Nguyễn;Support\n84899199586;;\n")
    response = confirm(console, NUMBER, shown)

    assert response["Location"] == page(NUMBER, "changelist")
    assert said(response) == ["1 row is new. 1 row changed. 0 rows were like that already."]
    first, second = Number.objects.order_by("pk")
    assert (first.number, first.digits, first.nickname, first.queue) == (
        "+84 24 7308 2686",
        "842473082686",
        "Nguyễn",
        queue,
    )
    assert (second.project, second.digits, second.allow_outbound_calls) == (ours, "84899199586", True)
    entry = LogEntry.objects.get(object_pk=str(first.pk), action=LogEntry.Action.UPDATE)
    assert entry.actor == supervisor
    assert entry.changes["nickname"] == ["Old name", "Nguyễn"]


def test_one_wrong_line_keeps_everything_out_and_every_error_is_named(console, ours, theirs):
    factories.QueueFactory(project=theirs, name="Foreign")
    for _ in range(2):
        factories.QueueFactory(project=ours, name="Twice")
    lines = [
        "number,queue,enable_ivr,allow_outbound_calls",
        "84899199586,,0,1",
        "call me,,0,1",
        "",
        ",,0,1",
        "84899199587,Foreign,0,1",
        "84899199588,Twice,0,1",
        "84899199589,,maybe,1",
        "84899199590,,1,1",
        "0899199586,,0,1",
    ]

    response = upload(console, NUMBER, "\n".join(lines))

    assert found_errors(response) == [
        (2, "number", "This is in several lines of the file."),
        (
            3,
            "number",
            "“call me” is not a phone number. Write 3 to 15 digits, with the country code, e.g. 84909982888.",
        ),
        (5, "number", "This is empty."),
        (6, "queue", "There is no queue “Foreign”."),
        (7, "queue", "Several rows are called “Twice”. Write the ID of the queue instead."),
        (8, "enable_ivr", "“maybe” is not 1 or 0."),
        (9, "ivr_tree", "Choose the IVR tree that callers hear, or switch IVR off."),
        (10, "number", "This is in several lines of the file."),
    ]
    assert "Nothing was imported" in texts(response)
    assert not Number.objects.exists()


def test_rows_with_the_same_name_are_told_apart_by_their_id(console, ours):
    queues = [factories.QueueFactory(project=ours, name="Twice") for _ in range(2)]
    import_all(console, NUMBER, f"number,queue\n84899199586,{queues[1].public_id}\n")
    assert Number.objects.get().queue == queues[1]
    assert exported(console, NUMBER)[1].rows[0][4] == queues[1].public_id


def test_another_projects_rows_are_neither_changed_nor_found(console, ours, theirs):
    factories.NumberFactory(project=theirs, number="842473082686", nickname="Theirs")
    import_all(console, NUMBER, "number,nickname\n842473082686,Ours\n")
    assert Number.objects.get(project=theirs).nickname == "Theirs"
    assert Number.objects.get(project=ours).nickname == "Ours"
    assert [row[1] for row in exported(console, NUMBER)[1].rows] == ["Ours"]


def test_columns_that_are_left_out_and_empty_switches_stay_as_they_are(console, ours):
    queue = factories.QueueFactory(project=ours)
    factories.NumberFactory(
        project=ours, number="842473082686", nickname="Old", queue=queue, allow_outbound_calls=False
    )
    import_all(console, NUMBER, "number,nickname,allow_outbound_calls\n842473082686,,\n")
    number = Number.objects.get()
    assert (number.nickname, number.queue, number.allow_outbound_calls) == ("", queue, False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The submitted file is empty."),
        (b"nickname\nx\n", "The column number is missing: it tells the rows apart."),
        (
            b"number,project\n1234,1\n",
            "Unknown columns: project. Known are: number, nickname, enable_ivr, ivr_tree, queue, allow_outbound_calls, "
            "record_outbound_calls, all_group_can_make_outbound_call.",
        ),
        (b"number\n12\x0034\n", "Line 2, number: there is a NUL character."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "The text is not UTF-8. In Excel, save as “CSV UTF-8” or as .xlsx."),
        (b"PK\x03\x04garbage", "The Excel workbook cannot be read. Save it again as .xlsx, or as CSV."),
        (b"number\n" + b"1" * (5 * 1024 * 1024), "The file is larger than 5 MB. Split it."),
        (b"number\n" + b"1234\n" * 5001, "The file has more than 5000 rows. Split it."),
    ],
)
def test_hostile_and_broken_files_are_refused_at_the_field(console, content, message):
    response = upload(console, NUMBER, content)
    assert response.status_code == 200
    assert errors_of(response) == {"file": [message]}
    assert not Number.objects.exists()


def test_zip_bomb_is_refused(console):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    response = upload(console, NUMBER, out.getvalue(), "rows.xlsx")
    assert errors_of(response) == {"file": ["The Excel workbook is too large when it is unpacked. Split it."]}


def test_file_is_asked_for(console):
    assert errors_of(console.post(page(NUMBER, "import"), {"file": ""})) == {"file": ["This field is required."]}


@pytest.mark.parametrize(
    ("model", "content", "line"),
    [
        (NUMBER, "number,nickname\n1234," + "x" * 101, (2, "nickname")),
        (AGENT, "stringee_user_id,name\na b,Lan\n", (2, "stringee_user_id")),
        (AGENT, "stringee_user_id,name\nlan,\n", (2, "name")),
        (AGENT, "stringee_user_id,name,routing_type\nlan,Lan,2\n", (2, "phone_number")),
        (AGENT, "stringee_user_id,name,routing_type\nlan,Lan,9223372036854775808\n", (2, "routing_type")),
        (AGENT, "stringee_user_id,name,phone_number\nlan,Lan,office\n", (2, "phone_number")),
        (AGENT, "stringee_user_id,name,groups\nlan,Lan,Nowhere\n", (2, "groups")),
        (QUEUE, "name,wait_agent_answer_timeout\nSupport,2\n", (2, "wait_agent_answer_timeout")),
        (QUEUE, "name,wrap_up_time_limit\nSupport,-1\n", (2, "wrap_up_time_limit")),
        (QUEUE, "name,get_list_agents_url\nSupport,file:///etc/passwd\n", (2, "get_list_agents_url")),
        (QUEUE, "name,wait_greeting\nSupport,nothing.mp3\n", (2, "wait_greeting")),
    ],
)
def test_values_are_checked_as_in_the_form(console, model, content, line):
    response = upload(console, model, content)
    assert [(error.line, error.column) for error in response.context["errors"]] == [line]
    assert not any(kind.objects.exists() for kind in (Number, Agent, Queue))


def test_name_of_two_rows_cannot_be_the_key(console, ours):
    for _ in range(2):
        factories.QueueFactory(project=ours, name="Twice")
    response = upload(console, QUEUE, "name,record_calls\nTwice,0\n")
    assert found_errors(response) == [(2, "name", "Several rows have this name. Rename them first.")]


def test_agents_come_with_their_groups(console, ours, agent_1):
    sales, support = (factories.GroupFactory(project=ours, name=name) for name in ("Sales", "Support"))
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)
    content = "stringee_user_id,name,groups\nagent_1,Agent One,Support\nlan,Lan,Sales; Support\n"

    shown = upload(console, AGENT, content)
    assert [(change.old, change.new) for change in shown.context["rows"][0].changes] == [("Sales", "Support")]
    assert list(agent_1.groups.all()) == [sales]

    confirm(console, AGENT, shown)
    assert list(agent_1.groups.all()) == [support]
    assert set(Agent.objects.get(stringee_user_id="lan").groups.all()) == {sales, support}


def test_groups_come_with_their_members(console, ours, agent_1, agent_2):
    import_all(console, GROUP, "name,agents\nSales,agent_2; agent_1\n")
    assert set(Group.objects.get().agents.all()) == {agent_1, agent_2}
    assert exported(console, GROUP)[1].rows == (("Sales", "agent_1; agent_2"),)


def test_names_with_a_semicolon_are_written_as_ids_in_lists(console, ours, agent_1):
    plain, both, other = (factories.GroupFactory(project=ours, name=name) for name in ("Sales", "Sales; Day", "Day"))
    for group in (both, other):
        factories.GroupMembershipFactory(project=ours, agent=agent_1, group=group)

    response, sheet = exported(console, AGENT)
    groups = sheet.rows[0][sheet.headers.index("groups")]
    assert groups.split("; ") == sorted(["Day", both.public_id])

    shown = upload(console, AGENT, response.content)
    assert shown.context["summary"] == {"new": 0, "changed": 0, "same": 1}
    assert set(agent_1.groups.all()) == {both, other}
    assert plain not in agent_1.groups.all()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exported_file_imports_as_unchanged(console, ours, kind):
    hours = factories.BusinessHoursFactory(project=ours)
    music = factories.GreetingFileFactory(project=ours)
    group = factories.GroupFactory(project=ours, name="=Sales+1")
    agent = factories.AgentFactory(project=ours, name="'=Lan", manual_status="-", phone_number="+84 909 982 888")
    factories.GroupMembershipFactory(project=ours, agent=agent, group=group)
    queue = factories.QueueFactory(project=ours, schedule=2, business_hours=hours, wait_greeting=music)
    tree = factories.IvrTreeFactory(project=ours)
    factories.NumberFactory(project=ours, number="+84 24 7308 2686", enable_ivr=True, ivr_tree=tree, queue=queue)
    factories.BlockedNumberFactory(project=ours, number="0909 982 888", queue_blocked=False)

    for model in (NUMBER, BLOCKED, AGENT, GROUP, QUEUE):
        response, _sheet = exported(console, model, kind)
        shown = upload(console, model, response.content)
        assert shown.context["summary"] == {"new": 0, "changed": 0, "same": 1}


def test_export_runs_no_formula_and_keeps_the_plus_of_phone_numbers(console, ours):
    factories.NumberFactory(project=ours, number="+84 24 7308 2686", nickname="=HYPERLINK(1)")
    response, _sheet = exported(console, NUMBER)
    line = response.content.decode("utf-8-sig").split("\r\n")[1]
    assert line.startswith("+84 24 7308 2686,'=HYPERLINK(1),")
    assert response["Content-Disposition"].startswith('attachment; filename="number-')

    response, _sheet = exported(console, NUMBER, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert [(cell.value, cell.data_type) for cell in book.active[2][:2]] == [
        ("+84 24 7308 2686", "s"),
        ("'=HYPERLINK(1)", "s"),
    ]


def test_export_follows_search_and_filters(console, ours):
    factories.NumberFactory(project=ours, number="842473082686", allow_outbound_calls=False)
    factories.NumberFactory(project=ours, number="84899199586")
    assert [row[0] for row in exported(console, NUMBER, q="0899199586")[1].rows] == ["84899199586"]
    assert [row[0] for row in exported(console, NUMBER, allow_outbound_calls__exact="0")[1].rows] == ["842473082686"]
    assert len(exported(console, NUMBER)[1].rows) == 2


def test_export_with_a_senseless_filter_leads_back_to_the_list(console, ours):
    response = console.get(page(NUMBER, "export"), {"nonsense": "1"})
    assert response["Location"] == page(NUMBER, "changelist")


@pytest.mark.parametrize("action", ["export_as_csv", "export_as_excel"])
def test_chosen_rows_are_exported(console, ours, action):
    numbers = [factories.NumberFactory(project=ours) for _ in range(3)]
    sheet = sheets.read(act(console, NUMBER, action, numbers[:2]).content)
    assert [row[0] for row in sheet.rows] == [number.number for number in numbers[:2]]


def test_export_costs_the_same_for_any_number_of_rows(console, ours, django_assert_max_num_queries):
    group = factories.GroupFactory(project=ours)
    for _ in range(30):
        agent = factories.AgentFactory(project=ours)
        factories.GroupMembershipFactory(project=ours, agent=agent, group=group)
    with django_assert_max_num_queries(12):
        assert len(exported(console, AGENT)[1].rows) == 30


def test_viewer_exports_and_does_not_import(viewer, ours):
    factories.BlockedNumberFactory(project=ours)
    console = sign_in(viewer, ours)
    assert len(exported(console, BLOCKED)[1].rows) == 1
    shown = texts(console.get(page(BLOCKED, "changelist")))
    assert "Export CSV" in shown
    assert "Import" not in shown
    assert console.get(page(BLOCKED, "import")).status_code == 403
    assert upload(console, BLOCKED, "number\n84909982888\n").status_code == 403
    assert console.post(page(BLOCKED, "process_import"), {"upload": "x"}).status_code == 403
    assert BlockedNumber.objects.count() == 1


def test_file_is_confirmed_only_by_whom_and_where_it_was_uploaded(console, ours, theirs, owner, supervisor):
    shown = upload(console, BLOCKED, "number\n84909982888\n")
    factories.MemberFactory(project=theirs, user=supervisor, role="owner")

    for other in (sign_in(owner, ours), sign_in(supervisor, theirs)):
        response = confirm(other, BLOCKED, shown)
        assert said(response) == ["The preview is too old. Please choose the file again."]
    assert confirm(console, NUMBER, shown)["Location"] == page(NUMBER, "import")
    assert not BlockedNumber.objects.exists()
    assert not Number.objects.exists()

    confirm(console, BLOCKED, shown)
    assert BlockedNumber.objects.get().project == ours


def test_only_one_preview_is_kept_for_each_user_and_page(console, ours, supervisor):
    shown = [upload(console, BLOCKED, f"number\n8490998288{digit}\n") for digit in range(3)]
    kept = cache._cache.get_client().keys(f"*import:{BLOCKED}:{ours.pk}:{supervisor.pk}*")
    assert len(kept) == 1

    assert said(confirm(console, BLOCKED, shown[0])) == ["The preview is too old. Please choose the file again."]
    assert not BlockedNumber.objects.exists()
    confirm(console, BLOCKED, shown[2])
    assert BlockedNumber.objects.get().digits == "84909982882"
    assert cache._cache.get_client().keys(f"*import:{BLOCKED}:{ours.pk}:{supervisor.pk}*") == []


def test_file_is_kept_as_json_and_comes_back_byte_for_byte(console, ours, supervisor):
    content = sheets.to_xlsx(["number", "nickname"], [["84899199586", "Nguyễn"]])
    shown = upload(console, NUMBER, content, "rows.xlsx")
    [key] = cache._cache.get_client().keys(f"*import:{NUMBER}:{ours.pk}:{supervisor.pk}")
    kept = json.loads(cache._cache.get_client().get(key))
    assert kept == {"token": shown.context["upload"], "content": base64.b64encode(content).decode()}

    confirm(console, NUMBER, shown)
    assert Number.objects.get().nickname == "Nguyễn"


@pytest.mark.parametrize("upload_key", ["ü", "", "x" * 5000, "../../etc/passwd", "\x00"])
def test_made_up_confirmation_is_refused(console, upload_key):
    response = console.post(page(NUMBER, "process_import"), {"upload": upload_key})
    assert response["Location"] == page(NUMBER, "import")
    assert console.get(page(NUMBER, "process_import"))["Location"] == page(NUMBER, "import")


def test_confirming_twice_changes_nothing_the_second_time(console, ours):
    shown = upload(console, BLOCKED, "number\n84909982888\n")
    confirm(console, BLOCKED, shown)
    response = confirm(console, BLOCKED, shown)
    assert said(response)[-1] == "The preview is too old. Please choose the file again."
    assert BlockedNumber.objects.count() == 1


def test_line_that_somebody_else_adds_at_the_same_time_is_named(console, ours, monkeypatch):
    shown = upload(console, BLOCKED, "number\n84909982888\n84909982889\n")
    factories.BlockedNumberFactory(project=ours, number="84909982888")
    monkeypatch.setattr("numbers_app.resources.BlockedNumberResource.rows", lambda self: BlockedNumber.objects.none())
    response = confirm(console, BLOCKED, shown)
    assert found_errors(response) == [(2, "", "Somebody changed the same thing at the same time. Try again.")]
    assert BlockedNumber.objects.count() == 1


def test_what_became_wrong_after_the_preview_is_refused_as_a_whole(console, ours):
    queue = factories.QueueFactory(project=ours, name="Support")
    shown = upload(console, NUMBER, "number,queue\n84899199586,\n84899199587,Support\n")
    queue.delete()
    response = confirm(console, NUMBER, shown)
    assert found_errors(response) == [(3, "queue", "There is no queue “Support”.")]
    assert not Number.objects.exists()
