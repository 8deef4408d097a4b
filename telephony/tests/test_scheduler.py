"""Callbacks come in their order, on a virtual clock and in real time."""

from __future__ import annotations

import datetime as dt
import threading

from hypothesis import given
from hypothesis import strategies as st

from telephony.switch.scheduler import RealScheduler, VirtualScheduler

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def in_s(seconds):
    return START + dt.timedelta(seconds=seconds)


@given(st.lists(st.integers(-5, 20)))
def test_virtual_time_goes_forward_and_equals_keep_their_order(delays):
    clock, ran = VirtualScheduler(START), []
    for number, delay in enumerate(delays):
        clock.at(in_s(delay), lambda number=number, delay=delay: ran.append((max(0, delay), number, clock.now())))

    clock.run()

    assert [each[:2] for each in ran] == sorted((max(0, delay), number) for number, delay in enumerate(delays))
    assert all(at == in_s(delay) for delay, _, at in ran)
    assert (clock.waiting(), clock.next_at(), clock.step()) == (0, None, False)


def test_a_cancelled_callback_does_not_run():
    clock, ran = VirtualScheduler(START), []
    clock.at(in_s(1), lambda: ran.append("kept"))
    clock.at(in_s(0), lambda: ran.append("cancelled")).cancel()
    assert (clock.waiting(), clock.next_at()) == (1, in_s(1))

    clock.run()

    assert ran == ["kept"]


def test_virtual_time_stops_where_it_is_told():
    clock, ran = VirtualScheduler(START), []
    clock.at(in_s(1), lambda: ran.append(1))
    clock.at(in_s(5), lambda: ran.append(5))

    clock.run_until(in_s(3))

    assert (ran, clock.now()) == ([1], in_s(3))


def test_real_callbacks_run_one_by_one_and_survive_a_failure(caplog):
    scheduler, ran, done = RealScheduler(), [], threading.Event()
    scheduler.start()
    now = scheduler.now()
    scheduler.at(now, lambda: ran.append(1))
    scheduler.at(now, lambda: 1 / 0)
    scheduler.at(now, lambda: ran.append(2))
    scheduler.at(now + dt.timedelta(hours=1), lambda: ran.append("never"))
    scheduler.at(now + dt.timedelta(milliseconds=30), done.set)  # comes last: what is due before it runs before it

    assert done.wait(60)
    scheduler.stop()

    assert ran == [1, 2]
    assert [record.message for record in caplog.records] == ["scheduled callback failed"]
