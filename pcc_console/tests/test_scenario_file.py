"""Scenario files: what they say is read, and what is wrong in them is told with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from textwrap import dedent

import pytest
from django.conf import settings

from callflow.simulation.chance import NEVER, Exponential, Fixed, Lognormal, Uniform
from callflow.simulation.scenario import ListOrder, Rate, Window
from ivr.domain.tree import Action
from pcc_console.portable.problems import BadProjectFile
from pcc_console.scenario_file import read_scenario

SMALL = """\
format: pcc-console/scenario
version: 1
name: Small
starts: 2026-03-02 08:00
duration: 1h
numbers:
- {number: '842400000097', queue: Sales}
queues:
- {name: Sales, primary_groups: [Sellers]}
groups: [Sellers]
agents:
- {name: seller, groups: [Sellers]}
callers:
- {name: everybody, number: '842400000097', per_minute: 1}
"""
FULL = """\
format: pcc-console/scenario
version: 1
name: Full
starts: 2026-03-02 22:00
time_zone: Europe/Berlin
duration: 1d2h30m
seed: 7
short_abandon_s: 10
missed_calls_limit: 0
customer_info: {latency: 0.5, fails: 10%, down: [22:10-22:20]}
numbers:
- {number: '+84 24 0000 0097', menu: Welcome}
menus:
- name: Welcome
  nodes:
  - name: Menu
    text: Press a key.
    barge_in: false
    keys: {1: {queue: Sales}, 2: {node: More}, 3: voicemail, '#': hang_up, EMPTY_KEY: {forward: '84909982888'}}
  - {name: More, text: More.}
queues:
- name: Sales
  primary_groups: [Sellers]
  backup_groups: [Helpers]
  open: [08:00-12:00, 13:00-17:30]
  wrap_up_time_limit: 30
  announce_position: true
  sla_target_percent: 90
  outcomes:
    full: {action: queue, to_queue: By list}
    closed: {action: message, message: Closed.}
- name: By list
  fall_back_to_groups: true
  agent_list: {groups: [Helpers], order: shuffled, only_free: false, at_most: 3, answer_timeout: 9, latency: never}
groups: [Sellers, Helpers]
agents:
- name: night
  count: 3
  groups: [Sellers, Helpers]
  shifts: [22:00-06:00]
  breaks: [02:00-02:30]
  answers_after: {uniform: {from: 2, to: 8}}
  misses: 5%
  rejects: 0.1
  returns_after: {exponential: 60}
callers:
- name: rush
  number: '842400000097'
  per_minute: {22:00: 2, 23:30: 0.5}
  talk: {lognormal: {mean: 200, sd: 150}}
  patience: {exponential: 90}
  keys: 1 2#
  customers: 50
  priority: 9
- {name: fixed, number: '842400000097', times: ['22:00:05', '00:30'], talk: never}
"""


def read(text):
    return read_scenario(text.encode())


def problems(text):
    with pytest.raises(BadProjectFile) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]


def without(text, line):
    """The file without a line that begins so."""
    return "\n".join(each for each in text.splitlines() if not each.startswith(line))


def test_a_small_file_has_the_usual_values():
    scenario = read(SMALL)
    assert (scenario.name, scenario.seed, scenario.short_abandon_s) == ("Small", 1, 5)
    assert scenario.day(0) == (dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC))
    (queue,), (agent,), (callers,) = scenario.queues, scenario.agents, scenario.callers
    assert (queue.maximum_queue_size, queue.maximum_queue_wait_time, queue.wrap_up_time_limit) == (5, 60, 10)
    assert (agent.count, agent.answers_after, agent.misses) == (1, Fixed(3), 0)
    assert (callers.talk, callers.patience, callers.rates) == (Fixed(180), NEVER, (Rate(dt.time(), 1.0),))


def test_the_example_in_the_docs_is_a_scenario():
    page = (Path(settings.BASE_DIR) / "docs" / "simulation.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert read(example).name == "Small shop"


def test_everything_that_a_file_can_say_is_read():
    scenario = read(FULL)
    assert str(scenario.time_zone) == "Europe/Berlin"
    assert scenario.duration == dt.timedelta(days=1, hours=2, minutes=30)
    assert scenario.customer_info is not None
    assert (scenario.customer_info.latency, scenario.customer_info.fails) == (Fixed(0.5), 0.1)
    assert scenario.numbers[0].number == "842400000097"
    assert [key.action for key in scenario.menus[0].nodes[0].keys] == [
        Action.QUEUE,
        Action.NODE,
        Action.VOICEMAIL,
        Action.HANG_UP,
        Action.FORWARD,
    ]
    sales, listed = scenario.queues
    assert sales.open[1] == Window(dt.time(13), dt.time(17, 30))
    assert (sales.outcomes["full"].to_queue, sales.outcomes["closed"].message) == ("By list", "Closed.")
    assert listed.agent_list is not None
    assert (listed.agent_list.order, listed.agent_list.server.latency) == (ListOrder.SHUFFLED, NEVER)
    (night,) = scenario.agents
    assert (night.misses, night.rejects, night.answers_after) == (0.05, 0.1, Uniform(2, 8))
    assert night.returns_after == Exponential(60)
    rush, fixed = scenario.callers
    assert rush.rates == (Rate(dt.time(22), 2.0), Rate(dt.time(23, 30), 0.5))
    assert (rush.talk, rush.keys, rush.priority) == (Lognormal(200, 150), ("1", "2#"), 9)
    assert fixed.times == (dt.timedelta(seconds=5), dt.timedelta(hours=2, minutes=30))


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        ("duration: 1h", "duration: long", "line 5, duration: must be a duration such as 8h, 1h30m or 90s, not 'long'"),
        ("duration: 1h", "duraton: 1h", "line 5, duraton: is not known here; did you mean 'duration'?"),
        ("starts: 2026-03-02 08:00", "starts: today", "line 4, starts: must be a date and a time of day"),
        ("groups: [Sellers]\n", "groups: [Sellers, Sellers]\n", "line 10, groups[1]: stands in this list twice"),
        ("groups: [Sellers]}", "groups: [Selers]}", "line 12, agents[0].groups[0]: there is no group 'Selers'"),
        ("groups: [Sellers]}", "groups: [Sellers], misses: 110%}", "line 12, agents[0].misses: must be a number"),
        (
            "groups: [Sellers]}",
            "groups: [Sellers], misses: 60%, rejects: 50%}",
            "line 12, agents[0]: `misses` and `rejects` are more than all offers together",
        ),
        ("queue: Sales}", "queue: Sale}", "line 7, numbers[0].queue: there is no queue 'Sale' in this file"),
        ("queue: Sales}", "menu: Sales}", "line 7, numbers[0].menu: there is no menu 'Sales' in this file"),
        ("queue: Sales}", "}", "line 7, numbers[0]: needs either `queue` or `menu`"),
        (
            "primary_groups: [Sellers]}",
            "wait_agent_answer_timeout: 2}",
            "must be a whole number from 3 to 600, not '2'",
        ),
        ("primary_groups: [Sellers]}", "record: true}", "line 9, queues[0].record: is not known here"),
        ("primary_groups: [Sellers]}", "}", "line 9, queues[0]: needs `primary_groups` or `agent_list`"),
        ("per_minute: 1}", "}", "line 14, callers[0]: needs either `per_minute` or `times`"),
        ("per_minute: 1}", "per_minute: {25:00: 1}}", "must be a time of day such as 08:30, not '25:00'"),
        ("per_minute: 1}", "per_minute: {08:00: 0}}", "callers[0].per_minute: needs at least one rate above 0"),
        ("per_minute: 1}", "per_minute: 1, talk: {normal: 3}}", "callers[0].talk.normal: is not known here"),
        ("per_minute: 1}", "per_minute: 1, talk: soon}", "talk: must be a number of seconds from 0 to 86400"),
        ("per_minute: 1}", "times: ['09:30']}", "callers[0].times[0]: is not within the duration of the scenario"),
        ("number: '842400000097', per", "number: '84900', per", "callers[0].number: there is no number 84900 in this"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_place(line, instead, problem):
    assert line in SMALL
    assert any(problem in found for found in problems(SMALL.replace(line, instead)))


def test_all_mistakes_are_told_at_once():
    found = problems(SMALL.replace("1h", "x").replace("[Sellers]}", "[Nobody]}"))
    assert len(found) == 3


@pytest.mark.parametrize("section", ["numbers", "queues", "agents", "callers"])
def test_a_section_that_is_needed_is_missed(section):
    text = dedent(SMALL).replace(f"\n{section}:\n", f"\n{section}: []\n# ").replace("\n# -", "\n#")
    assert any(f"needs `{section}`" in found for found in problems(text))


@pytest.mark.parametrize("field", ["name", "starts", "duration"])
def test_a_field_that_is_needed_is_missed(field):
    assert problems(without(SMALL, f"{field}:")) == [f"line 1: needs `{field}`"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "name: x",
        "format: pcc-console/project\nversion: 1\n",
        "format: pcc-console/scenario\nversion: 2\n",
        "\0",
    ],
)
def test_other_files_are_refused_as_a_whole(text):
    assert len(problems(text)) == 1
