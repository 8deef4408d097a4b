"""URLs of customers, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.urls import ENDPOINT_MAX_LENGTH, BadUrl, endpoint_of, parse


def test_a_query_is_appended_to_a_url_without_one():
    url = parse("https://crm.example/hook", {"from": "84900000012", "custom": "đơn 55"})

    assert url.target == "/hook?from=84900000012&custom=%C4%91%C6%A1n%2055"
    assert (url.scheme, url.host, url.port) == ("https", "crm.example", 443)


def test_a_query_is_appended_with_an_ampersand_when_the_url_has_one():
    assert parse("http://crm.example/hook?tenant=7", {"a": "b&c"}).target == "/hook?tenant=7&a=b%26c"
    assert parse("http://crm.example?tenant=7").target == "/?tenant=7"


def test_escapes_of_the_customer_stay_and_blanks_become_escapes():
    assert parse("http://crm.example/a%2Fb c?x=%20 y#part").target == "/a%2Fb%20c?x=%20%20y"


def test_the_host_header_names_the_port_only_when_it_is_unusual():
    assert parse("https://crm.example").host_header == "crm.example"
    assert parse("https://crm.example:443").host_header == "crm.example"
    assert parse("https://crm.example:8443").host_header == "crm.example:8443"
    assert parse("http://[2001:DB8::1]:8080/").host_header == "[2001:db8::1]:8080"


def test_credentials_become_a_header_and_stay_out_of_the_endpoint():
    url = parse("https://lan:s%C3%A9cret@CRM.example./x")

    assert url.authorization == "Basic bGFuOnPDqWNyZXQ="
    assert url.origin == "https://crm.example:443"
    assert url.endpoint == "https://crm.example:443/x"


def test_an_endpoint_has_a_path_and_no_query_and_is_never_too_long():
    assert endpoint_of("http://crm.example") == endpoint_of("HTTP://CRM.example:80/?call=1") == "http://crm.example:80/"
    assert endpoint_of("https://crm.example/a b") == "https://crm.example:443/a%20b"
    assert len(endpoint_of("https://crm.example/" + "x" * 1000)) == ENDPOINT_MAX_LENGTH


def test_names_in_other_scripts_are_asked_by_their_ascii_names():
    assert parse("https://bücher.example/").host == "xn--bcher-kva.example"
    assert parse("http://１２７.０.０.１/").host == "127.0.0.1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crm.example/hook",
        "//crm.example/hook",
        "ftp://crm.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "javascript:alert(1)",
        "http://",
        "http:///hook",
        "http://:80/",
        "http://.../",
        "http://a..b/",
        "http://crm.example:0/",
        "http://crm.example:65536/",
        "http://crm.example:x/",
        "http://crm.example:22/",
        "http://crm.example:6379/",
        "http://[::1",
        "http://[::g]/",
        "http://[fe80::1%25eth0]/",
        "http://crm.example/\r\nHost: other",
        "http://crm.example/\x00",
        "http://crm.example\\@other.example/",
        "http://crm exam ple/",
        "http://crm%2eexample/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/",
    ],
)
def test_what_cannot_be_asked_is_refused(text):
    with pytest.raises(BadUrl):
        parse(text)
    assert endpoint_of(text) == ""


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_whatever_is_written_gives_clean_parts_or_one_kind_of_refusal(text, query):
    for url in (text, "http://" + text, "https://crm.example/" + text):
        try:
            parsed = parse(url, query)
        except BadUrl:
            continue
        assert parsed.target.startswith("/")
        assert parsed.target.isascii()
        assert parsed.target.isprintable()
        assert " " not in parsed.target
        assert len(parsed.endpoint) <= ENDPOINT_MAX_LENGTH
