from __future__ import annotations

import pytest


@pytest.fixture
def signed_in(client, owner):
    client.force_login(owner)
    return client


@pytest.mark.parametrize(
    "address", ["/search/?s=a%00b", "/project/?q=%00", "/setting/agent/?q=%00", "/?%00=1", "/greeting/%00/audio"]
)
def test_a_nul_in_an_address_is_a_bad_request(signed_in, address):
    assert signed_in.get(address).status_code == 400


def test_a_nul_in_a_form_is_an_error_at_its_field(signed_in, ours):
    answer = signed_in.post("/setting/group/add/", {"name": "Sales\0"})

    assert answer.status_code == 200
    assert "Null characters are not allowed." in answer.content.decode()
    assert ours.group_set.count() == 0


@pytest.mark.parametrize("address", ["/v1/agent?stringee_user_id=%00", "/v1//agent?stringee_user_id=%00"])
def test_the_rest_api_refuses_a_nul_in_its_own_words(signed_in, address):
    answer = signed_in.get(address)

    assert answer.status_code == 403
    assert answer.json()["r"] == 1
