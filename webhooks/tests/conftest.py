from __future__ import annotations

import pytest

from webhooks.tests.receiver import receiving


@pytest.fixture
def receiver():
    """A customer's server on the loopback interface, which is allowed."""
    with receiving() as running:
        yield running


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.PCC_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
