"""The API description is what the server does, and the checked-in copy is the description."""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis
import pytest
import schemathesis
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import signals
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.tests.samples import SAMPLES, calls, world

CHECKED_IN = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
EXAMPLES = 8  # per call and kind of data; with 25 nothing more was found, and it took a minute longer


@pytest.fixture(scope="module")
def description():
    return yaml.safe_load(CHECKED_IN.read_text())


def test_the_checked_in_description_is_up_to_date(tmp_path):
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert fresh.read_text() == CHECKED_IN.read_text(), "run `make openapi`"


def test_it_is_openapi_3_1(description):
    assert description["openapi"].startswith("3.1.")
    validate(description)


def test_it_has_every_call_and_no_other(description):
    found = {(method.upper(), path) for path, of in description["paths"].items() for method in of}
    assert found == {(call.method, call.path("{id}")) for call in calls()}
    assert len({operation["operationId"] for of in description["paths"].values() for operation in of.values()}) == len(
        described
    )


def test_all_calls_but_uploads_are_tried():
    assert len(OPERATIONS) == len(list(calls())) - 1


def test_it_names_both_places_of_the_token(description):
    schemes = description["components"]["securitySchemes"]
    assert {(scheme["in"], scheme["name"]) for scheme in schemes.values()} == {
        ("header", "X-STRINGEE-AUTH"),
        ("query", "access_token"),
    }
    for of in description["paths"].values():
        for operation in of.values():
            assert operation["security"] == [{"token_header": []}, {"token_query": []}]


def test_it_is_served(client):
    served = client.get("/api/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert served.json() == yaml.safe_load(CHECKED_IN.read_text())


def test_the_page_for_people_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "nonce-" in page.headers["Content-Security-Policy"] or "'self'" in page.headers["Content-Security-Policy"]
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    static = [source.removeprefix(settings.STATIC_URL) for source in sources if source.startswith(settings.STATIC_URL)]
    assert len(static) >= 3
    assert all(finders.find(name) for name in static)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S)
    assert all("src=" in attributes and not content.strip() for attributes, content in scripts)
    start = client.get(next(source for source in sources if "script" in source and source.startswith("/api/docs/")))
    assert start.headers["Content-Type"] == "application/javascript"
    assert b"/api/schema/" in start.content


# ── the server keeps to the description, whatever is sent ────────────────────────────────────────────────────────────


@pytest.fixture
def requests_share_the_tests_transaction():
    """Django's own test client does the same; here requests come through WSGI."""
    watched = (signals.request_started, signals.request_finished)
    for signal in watched:
        signal.disconnect(close_old_connections)
    yield
    for signal in watched:
        signal.connect(close_old_connections)


described = schemathesis.openapi.from_path(CHECKED_IN)
described.app = get_wsgi_application()
without_uploads = described.exclude(path="/v1/greetingfile", method="POST")  # each would start a process
OPERATIONS = [found.ok() for found in without_uploads.get_all_operations() if isinstance(found, Ok)]
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]


@pytest.mark.usefixtures("requests_share_the_tests_transaction")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: f"{mode.value} data")
def test_no_call_breaks_and_every_reply_is_as_described(operation, mode, api, ours):
    of = world(ours)

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(mode))
    def attempt(case):
        if len(case.path_parameters.get("id", "")) % 2:  # about half of the calls hit a row
            case.path_parameters["id"] = SAMPLES[case.path.removeprefix("/v1/").removesuffix("/{id}")].id(of)
        case.call_and_validate(headers={"X-STRINGEE-AUTH": api.token}, checks=CHECKS)

    attempt()
