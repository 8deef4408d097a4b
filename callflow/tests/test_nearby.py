"""A process that answers its own dispatch bells."""

from __future__ import annotations

import threading

import pytest

from callflow import dispatch, doorbell
from callflow.nearby import NearbyDispatch

WITHIN_S = 30.0


@pytest.fixture
def workers(monkeypatch):
    """The projects for which workers were rung."""
    rung: list[int] = []
    monkeypatch.setattr(doorbell, "ring_workers", rung.append)
    return rung


class Looks:
    """Notes its looks; each one waits until the test lets it go on."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.projects: list[int] = []

    def __call__(self, project_id):
        self.projects.append(project_id)
        self.begun.release()
        assert self.go_on.acquire(timeout=WITHIN_S)


def test_a_ring_is_answered_without_a_worker(workers):
    looks = Looks()
    with NearbyDispatch(looks):
        doorbell.ring(7)
        assert looks.begun.acquire(timeout=WITHIN_S)
        looks.go_on.release()

    assert (looks.projects, workers) == ([7], [])


def test_rings_while_it_looks_are_one_look_more_for_each_project(workers):
    looks = Looks()
    with NearbyDispatch(looks):
        doorbell.ring(7)
        assert looks.begun.acquire(timeout=WITHIN_S)
        for project_id in (7, 8, 7, 8):
            doorbell.ring(project_id)
        for _ in range(3):
            looks.go_on.release()
        for _ in range(2):
            assert looks.begun.acquire(timeout=WITHIN_S)

    assert (looks.projects, workers) == ([7, 7, 8], [])


def test_a_look_that_fails_goes_to_the_workers_and_the_next_one_is_made(workers):
    looked = threading.Event()

    def look(project_id):
        if project_id == 7:
            raise ValueError("broken")
        looked.set()

    with NearbyDispatch(look):
        doorbell.ring(7)
        doorbell.ring(8)
        assert looked.wait(WITHIN_S)

    assert workers == [7]


def test_workers_are_rung_before_and_after(workers):
    nearby = NearbyDispatch(lambda project_id: None)
    doorbell.ring(1)
    with nearby:
        pass
    doorbell.ring(2)

    assert workers == [1, 2]


@pytest.mark.parametrize(("mine", "made", "marks"), [([True], 1, 0), ([False, True], 1, 1), ([False, False], 0, 1)])
@pytest.mark.django_db
def test_who_comes_while_another_looks_leaves_a_mark_and_tries_once_more(monkeypatch, mine, made, marks):
    """The other may have asked for marks just before this one was left: then nobody would look again."""
    tries = iter(mine)
    left: list[int] = []
    monkeypatch.setattr(dispatch, "_is_mine", lambda project_id: next(tries))
    monkeypatch.setattr(dispatch, "_match_once", lambda project_id, now: (1, False))
    monkeypatch.setattr(doorbell, "look_again", left.append)
    monkeypatch.setattr(doorbell, "answered", lambda project_id: None)
    monkeypatch.setattr(doorbell, "was_asked_again", lambda project_id: False)

    assert (dispatch.dispatch(7), len(left), list(tries)) == (made, marks, [])
