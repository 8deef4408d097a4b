"""An SDK that knows only the address of an API asks where the door is."""

from __future__ import annotations

import pytest

from projects.models import ApiKey
from projects.tokens import agent_token

pytestmark = pytest.mark.django_db
ADDRESS = "/v2/getStringeeServerAddress"


def ask(client, token):
    return client.get(ADDRESS, {"access_token": token}, headers={"origin": "https://crm.example"})


@pytest.mark.parametrize(
    ("public_url", "address"),
    [
        ("https://pcc.example", {"ip": "pcc.example", "port": "443/softphone/ws"}),
        ("https://pcc.example:8443", {"ip": "pcc.example", "port": "8443/softphone/ws"}),
        ("http://localhost:8000", {"ip": "localhost", "port": "8000/softphone/ws"}),
    ],
)
def test_address_is_where_the_installation_is_reached(client, ours, settings, public_url, address):
    settings.PCC_PUBLIC_URL = public_url
    answer = ask(client, agent_token(ApiKey.objects.get(project=ours), "lan", pcc=True).token)
    assert answer.json() == {"r": 0, "message": "SUCCESS", "data": {"stringeeServerAddrs": {"web": [address]}}}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_page_that_takes_calls_in_rooms_says_so_by_the_address_of_its_api(client, ours, settings):
    settings.PCC_PUBLIC_URL = "https://pcc.example"
    token = agent_token(ApiKey.objects.get(project=ours), "lan", pcc=True).token
    answer = client.get(f"/calls2{ADDRESS}", {"access_token": token})
    (address,) = answer.json()["data"]["stringeeServerAddrs"]["web"]
    assert address == {"ip": "pcc.example", "port": "443/softphone/ws?calls=2"}


@pytest.mark.parametrize(("token", "code"), [("", 1), ("hello", 2)])
def test_token_that_opens_nothing_finds_nothing(client, token, code):
    answer = ask(client, token)
    assert (answer.status_code, answer.json()["r"]) == (200, code)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_address_is_only_read(client):
    assert client.post(ADDRESS).status_code == 405
