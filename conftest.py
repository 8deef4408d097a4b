"""The fixed cast of every test: two projects, ours and theirs (docs: CONTRIBUTING.md, "Tests")."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from django.test import TransactionTestCase
from django.utils import translation

from tests import emptying, factories, scheduling

# How long examples take says more about the machine than about the rule.
hypothesis.settings.register_profile("pcc", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("pcc")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = scheduling.in_order(items, config.rootpath)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.Scheduling | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # the order of the tests holds
    return scheduling.Scheduling(config, log)


@pytest.fixture(autouse=True, scope="session")
def _empty_tables_quickly():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.empty_all_tables)
        yield


@pytest.fixture(autouse=True)
def _own_folder_for_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    # Pages name their static files directly: nothing has to be collected before a test.
    finders = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": finders}}


@pytest.fixture(autouse=True)
def _speak_english():
    """A page that was drawn in Vietnamese leaves its language behind in the thread."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _hash_passwords_quickly(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ours(db):
    """Our project."""
    return factories.ProjectFactory(name="Ours")


@pytest.fixture
def theirs(db):
    """Another customer's project."""
    return factories.ProjectFactory(name="Theirs")


@pytest.fixture
def owner(ours):
    return factories.MemberFactory(project=ours, user__username="owner", role="owner").user


@pytest.fixture
def supervisor(ours):
    return factories.MemberFactory(project=ours, user__username="supervisor", role="supervisor").user


@pytest.fixture
def viewer(ours):
    return factories.MemberFactory(project=ours, user__username="viewer", role="viewer").user


@pytest.fixture
def outsider(theirs):
    """Owns their project and has no business in ours."""
    return factories.MemberFactory(project=theirs, user__username="outsider", role="owner").user


@pytest.fixture
def agent_1(ours):
    return factories.AgentFactory(project=ours, name="Agent One", stringee_user_id="agent_1")


@pytest.fixture
def agent_2(ours):
    return factories.AgentFactory(project=ours, name="Agent Two", stringee_user_id="agent_2")
