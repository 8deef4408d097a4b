"""Small days with exact times: what agents do when, and what the figures say of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from callflow.simulation.chance import NEVER, Fixed
from callflow.simulation.figures import EDGES_S, histogram
from callflow.simulation.floor import Spends
from callflow.simulation.report import facts, page
from callflow.simulation.run import run
from callflow.simulation.scenario import CallersPlan, ListPlan, NumberPlan, ServerPlan, Window
from callflow.simulation.story import Story
from callflow.simulation.tests.log import logged
from callflow.simulation.tests.places import HOTLINE, QUEUE, SELLER, SHOP, after, times
from ivr.tests import trees

ALONE = replace(SELLER, name="lan", count=1)


def callers(*seconds, talk=60.0, patience=NEVER, **more):
    return CallersPlan("callers", HOTLINE, times=times(*seconds), talk=Fixed(talk), patience=patience, **more)


def shop(*callers_plans, agents=(ALONE,), queues=(QUEUE,), **more):
    return replace(SHOP, callers=callers_plans, agents=agents, queues=queues, **more)


def window(begins, ends):
    return Window(dt.time.fromisoformat(begins), dt.time.fromisoformat(ends))


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_rings_for_three_seconds_talks_for_a_minute_and_is_wrapped_up():
    log, _ = logged(shop(callers(0.5)))

    assert log.offers == [(1, "lan", after(0.5))]
    assert log.ends == [(1, "completed", "normal", after(63.5))]
    assert log.statuses == [
        ("lan", "manual_status", "idle", after(0)),
        ("lan", "offered", "offered", after(0.5)),
        ("lan", "answered", "on_call", after(3.5)),
        ("lan", "wrap_up_started", "wrap_up", after(63.5)),
        ("lan", "wrap_up_ended", "idle", after(74)),  # the sweep comes once a second
    ]


def test_the_second_caller_waits_until_the_agent_has_wrapped_up():
    log, figures = logged(shop(callers(0, 10)))
    assert log.offers == [(1, "lan", after(0)), (2, "lan", after(73))]
    assert figures.queues[1].answered == [3, 66]


def test_a_caller_without_patience_leaves_and_the_agent_who_was_rung_keeps_his_place():
    log, figures = logged(shop(callers(0, patience=Fixed(2))))
    assert log.closed == [(1, "withdrawn", after(2))]
    assert log.ends == [(1, "abandoned", "caller_left", after(2))]
    assert (figures.queues[1].short_abandons, figures.queues[1].abandoned) == (1, [])


def test_a_menu_leads_to_the_queue():
    menu = trees.tree(trees.node("Menu", trees.to_queue("1", trees.QueueId("Sales"))))
    scenario = shop(callers(0, keys=("1",)), menus=(menu,), numbers=(NumberPlan(HOTLINE, menu="TR1"),))
    log, figures = logged(scenario)
    assert log.ends[0][1:3] == ("completed", "normal")
    assert figures.queues[1].answered == [3]


def test_the_customers_server_holds_a_call_back_until_it_answers():
    log, _ = logged(shop(callers(0), customer_info=ServerPlan(Fixed(0.75))))
    assert log.offers == [(1, "lan", after(0.75))]


def test_a_server_that_never_answers_holds_a_call_back_for_its_time_only():
    log, _ = logged(shop(callers(0), customer_info=ServerPlan(NEVER)))
    assert log.offers == [(1, "lan", after(2))]


# ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_people_come_have_their_break_and_go():
    agent = replace(ALONE, shifts=(window("09:05", "09:40"),), breaks=(window("09:20", "09:30"),))
    log, _ = logged(shop(callers(0, talk=1), agents=(agent,)))
    chosen = [(event, when) for _, event, _, when in log.statuses if event == "manual_status"]
    assert chosen == [
        ("manual_status", after(300)),
        ("manual_status", after(1200)),
        ("manual_status", after(1800)),
        ("manual_status", after(2400)),
    ]
    assert log.offers == [(1, "lan", after(300))]


def test_a_night_shift_has_begun_the_day_before():
    agent = replace(ALONE, shifts=(window("22:00", "09:10"),))
    log, _ = logged(shop(callers(0, 700, talk=1, patience=Fixed(60)), agents=(agent,)))
    assert log.offers == [(1, "lan", after(0))]


def test_who_goes_home_in_a_call_finishes_it():
    agent = replace(ALONE, shifts=(window("09:00", "09:01"),))
    log, _ = logged(shop(callers(0, 5, talk=300, patience=Fixed(900)), agents=(agent,)))
    assert log.ends == [(1, "completed", "normal", after(303)), (2, "abandoned", "caller_left", after(905))]


def test_who_misses_too_often_is_set_aside_and_comes_back():
    agent = replace(ALONE, misses=1.0, returns_after=Fixed(100))
    log, _ = logged(shop(callers(0, patience=Fixed(200)), agents=(agent,), missed_calls_limit=2))
    assert [(user, at) for _, user, at in log.offers] == [
        ("lan", after(0)),
        ("lan", after(17)),
        ("lan", after(132)),  # two misses of 15 s, and the pause of 2 s; then he was away
        ("lan", after(149)),
    ]


def test_the_longest_idle_agent_is_rung_and_then_the_other():
    log, _ = logged(
        shop(callers(0, 100, 200, talk=10), agents=(SELLER,), queues=(replace(QUEUE, last_agent_first=False),))
    )
    assert [user for _, user, _ in log.offers] == ["seller-1", "seller-2", "seller-1"]


def test_who_talked_with_a_customer_last_comes_first():
    log, _ = logged(shop(callers(0, 100, 200, talk=10, customers=1), agents=(SELLER,)))
    assert [user for _, user, _ in log.offers] == ["seller-1", "seller-1", "seller-1"]


# ── Lists of the customer ────────────────────────────────────────────────────────────────────────────────────────────
def by_list(server=ServerPlan(Fixed(0.5)), **more):  # noqa: B008 - frozen
    return replace(QUEUE, agent_list=ListPlan(("Sellers",), server, **more), fall_back_to_groups=False)


def test_a_list_decides_once_it_has_been_answered():
    log, _ = logged(shop(callers(0), queues=(by_list(answer_timeout=9),)))
    assert log.offers == [(1, "lan", after(0.5))]


def test_while_the_list_fails_callers_wait_or_groups_take_them():
    down = ServerPlan(Fixed(0.5), down=(window("09:00", "09:01"),))
    waits, _ = logged(shop(callers(0), queues=(by_list(down),)))
    falls_back, _ = logged(shop(callers(0), queues=(replace(by_list(down), fall_back_to_groups=True),)))
    assert waits.offers[0][2] > after(60)
    assert falls_back.offers == [(1, "lan", after(0.5))]


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_figures_of_a_small_day():
    """Three callers for one agent: one is answered at once, one after the first, one gives up."""
    scenario = shop(callers(0, 10), replace(callers(20, patience=Fixed(30)), name="impatient"))
    found = facts(run(scenario))

    sales = found["queues"]["Sales"]
    assert found["outcomes"] == {"abandoned": 1, "completed": 2}
    assert (sales["entered"], sales["answered"], sales["abandoned"], sales["in_time"]) == (3, 2, 1, 1)
    assert (sales["service_level"], sales["abandon_rate"]) == (0.333333, 0.333333)
    assert (sales["asa_s"], sales["longest_wait_s"]) == ((3 + 66) / 2, 66)
    assert sales["aht_s"] == 70
    assert sales["offers"]["accepted"] == 2
    assert found["agents"] == {
        "talking": 120,
        "wrap_up": 20,
        "ringing": 6,
        "idle": 3600 - 146,
        "away": 0,
        "signed_out": 0,
    }
    assert sales["occupancy"] == found["total"]["occupancy"] == round(140 / 3600, 6)
    assert (found["callers"]["impatient"]["abandoned"], found["callers"]["callers"]["asa_s"]) == (1, 34.5)


def test_time_is_counted_while_calls_come_not_in_the_nights_between():
    result = run(shop(callers(0)), calls=3)
    signed_in = sum(facts(result)["agents"].values())
    assert signed_in == 2 * 3600 + 63  # two hours, and the third until its only call had ended


def test_the_page_shows_every_queue_and_says_how_abandons_are_counted():
    text = page(facts(run(shop(callers(0, 10)))))
    assert "Shop: 2 calls, seed 1, 2026-03-02 09:00 to 2026-03-02 10:00" in text
    assert "service level                 50.0 %      50.0 %" in text
    assert "Callers who left within 5 s (abandoned at once) count nowhere." in text


def test_a_day_without_a_queued_call_has_no_shares():
    found = facts(run(shop(callers(0), queues=(replace(QUEUE, maximum_queue_size=0),))))
    assert found["total"]["service_level"] is None
    assert found["causes"] == {"queue_full": 1}
    assert "service level                      –           –" in page(found)


@pytest.mark.parametrize("waits", [[], [0], [0.99, 1, 4.9, 5, 1e6]])
def test_each_wait_is_in_one_bar(waits):
    assert sum(histogram(waits)) == len(waits)
    assert histogram([EDGES_S[-1]])[-1] == 1


def test_a_story_tells_why_this_agent():
    scenario = shop(callers(0, 10))
    story = Story(scenario, 2)
    run(scenario, watchers=[story], shows_busy=True)
    told = "\n".join(story.lines)
    assert "enters queue Sales, priority 0" in told
    assert "decision: offer 1 to lan, for 15 s" in told
    assert "lan: chosen, free since 09:01:13" in told
    assert "call: connected → ended (completed, normal)" in told
    assert Spends.IDLE not in story.lines
