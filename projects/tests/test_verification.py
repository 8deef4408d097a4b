"""Tokens: what is accepted, and every known way of forging one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from projects import services, tokens
from projects.models import ApiKey
from projects.verification import (
    MAX_BYTES,
    TokenInvalid,
    TokenMalformed,
    TokenRefused,
    TokenUndecodable,
    UnknownKey,
    Verified,
    WrongAlgorithm,
    named_key,
    verify,
)

HEADER = {"typ": "JWT", "alg": "HS256", "cty": "stringee-api;v=1"}


@pytest.fixture
def key(ours) -> ApiKey:
    return ApiKey.objects.get(project=ours)


def now() -> int:
    return int(clock.now().timestamp())


def segment(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: str | bytes, payload: str | bytes, secret: str) -> str:
    """A token with exactly these texts inside, signed correctly."""
    signing_input = f"{segment(header)}.{segment(payload)}"
    return f"{signing_input}.{segment(hmac.new(secret.encode(), signing_input.encode(), hashlib.sha256).digest())}"


def token(key: ApiKey, header: dict | None = None, **claims) -> str:
    payload = {"jti": "1", "iss": key.sid, "exp": now() + 300, "rest_api": True, **claims}
    wanted = {name: value for name, value in payload.items() if value is not ...}
    return signed(json.dumps({**HEADER, **(header or {})}), json.dumps(wanted), key.secret)


def test_a_token_tells_project_and_claims(key, ours):
    verified = verify(token(key))
    assert isinstance(verified, Verified)
    assert (verified.sid, verified.project, verified.account) == (key.sid, ours, ours.account)
    assert verified.claims["rest_api"] is True


def test_our_own_tokens_are_accepted(key, ours):
    assert verify(tokens.rest_token(key).token).project == ours
    assert verify(tokens.agent_token(key, "lan", pcc=True).token).claims["userId"] == "lan"


def test_an_accounts_token_opens_no_project(ours):
    account = ours.account
    text = jwt.encode({"iss": account.sid, "exp": now() + 60}, account.secret, "HS256", headers=HEADER)
    verified = verify(text)
    assert (verified.sid, verified.project, verified.account) == (account.sid, None, account)


def test_one_query_is_enough(key):
    text = token(key)
    with CaptureQueriesContext(connection) as queries:
        verified = verify(text)
        assert verified.project
        assert verified.project.account == verified.account
    assert len(queries) == 1


@pytest.mark.parametrize(
    "end",
    [
        lambda: now() + 1,
        lambda: now() - 30,  # a clock that is a little late
        lambda: now() + 0.5,
        lambda: (now() + 60) * 1000,
        lambda: (now() + 60) * 1000 + 0.25,
        lambda: now() + 99 * 365 * 86_400,
        lambda: (now() + 30 * 86_400) * 1000,
    ],
)
def test_ends_in_seconds_or_milliseconds_whole_or_not(key, end):
    assert verify(token(key, exp=end())).sid == key.sid


@pytest.mark.parametrize(
    "end",
    [
        lambda: now() - 61,
        lambda: (now() - 61) * 1000,
        lambda: 1,
        lambda: 0,
        lambda: -1,
        lambda: 1e15,
        lambda: 2**62,
        lambda: True,
        lambda: None,
        lambda: "",
        lambda: str(now() + 300),
        lambda: [now() + 300],
        lambda: {},
        lambda: ...,
    ],
)
def test_ended_and_absurd_tokens_are_refused(key, end):
    with pytest.raises(TokenInvalid) as refused:
        verify(token(key, exp=end()))
    assert refused.value.code == 6


@pytest.mark.parametrize("end", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_ends_that_are_no_json_are_refused(key, end):
    payload = json.dumps({"iss": key.sid}).removesuffix("}") + f', "exp": {end}}}'
    with pytest.raises(TokenMalformed) as refused:
        verify(signed(json.dumps(HEADER), payload, key.secret))
    assert refused.value.code == 3


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "hs256", "", None, 1, ["HS256"]]
)
def test_only_hs256_is_accepted(key, algorithm):
    with pytest.raises(WrongAlgorithm) as refused:
        verify(token(key, {"alg": algorithm}))
    assert refused.value.code == 4


def test_tokens_made_with_other_algorithms_are_refused(key):
    claims = {"iss": key.sid, "exp": now() + 300, "rest_api": True}
    headers = {"cty": tokens.CONTENT_TYPE}
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for text in (
        jwt.encode(claims, "", "none", headers=headers) + "x",
        jwt.encode(claims, key.secret + key.secret, "HS512", headers=headers),
        jwt.encode(claims, private, "RS256", headers=headers),
    ):
        with pytest.raises(WrongAlgorithm):
            verify(text)


def test_a_token_without_signature_is_refused(key):
    with pytest.raises(TokenUndecodable):
        verify(token(key).rsplit(".", 1)[0] + ".")


@pytest.mark.parametrize(
    "cty", [None, "", "JWT", "stringee-api;v=2", "stringee-api; v=1", "STRINGEE-API;V=1", ["stringee-api;v=1"], ...]
)
def test_cty_must_be_exactly_right(key, cty):
    header = {name: value for name, value in {**HEADER, "cty": cty}.items() if value is not ...}
    payload = json.dumps({"iss": key.sid, "exp": now() + 300})
    with pytest.raises(UnknownKey) as refused:
        verify(signed(json.dumps(header), payload, key.secret))
    assert (refused.value.code, refused.value.message) == (5, "keySid invalid")


@pytest.mark.parametrize(
    "iss", [None, "", "SK.0.unknown", "ACunknown", 1, ["SK"], {"$ne": ""}, "SK\x00", "' OR 1=1 --", "S" * 1000, ...]
)
def test_unknown_keys_are_refused(key, iss):
    with pytest.raises(TokenRefused) as refused:
        verify(token(key, iss=iss))
    if iss != "SK\x00":  # a NUL is no JSON that we read
        assert (refused.value.code, refused.value.message) == (5, "keySid invalid")


def test_a_revoked_key_is_refused_at_once(key):
    text = token(key)
    assert verify(text).sid == key.sid
    services.revoke_key(key)
    with pytest.raises(UnknownKey):
        verify(text)


def test_another_projects_key_signs_for_nobody_else(key, theirs):
    their_key = ApiKey.objects.get(project=theirs)
    forged = signed(json.dumps(HEADER), json.dumps({"iss": key.sid, "exp": now() + 300}), their_key.secret)
    with pytest.raises(TokenInvalid, match="signature"):
        verify(forged)


def test_an_account_key_does_not_sign_for_its_projects(key, ours):
    forged = signed(json.dumps(HEADER), json.dumps({"iss": key.sid, "exp": now() + 300}), ours.account.secret)
    with pytest.raises(TokenInvalid, match="signature"):
        verify(forged)


def test_changed_claims_break_the_signature(key):
    header, _payload, signature = token(key).split(".")
    claims = segment(json.dumps({"iss": key.sid, "exp": now() + 10_000, "rest_api": True}))
    with pytest.raises(TokenInvalid, match="signature"):
        verify(f"{header}.{claims}.{signature}")


@pytest.mark.parametrize(
    "extra",
    [
        {"kid": "../../../dev/null"},
        {"kid": "SK.0.other' UNION SELECT 'secret"},
        {"jku": "https://evil.example/keys.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"jwk": {"kty": "oct", "k": segment("my own secret")}},
        {"typ": "at+jwt"},
    ],
)
def test_nothing_in_the_header_chooses_the_key(key, extra):
    assert verify(token(key, extra)).sid == key.sid
    mine = "my own secret, long enough for a signature"
    forged = signed(json.dumps({**HEADER, **extra}), json.dumps({"iss": key.sid, "exp": now() + 300}), mine)
    with pytest.raises(TokenInvalid, match="signature"):
        verify(forged)


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"kid": 1}])
def test_headers_that_ask_for_something_else_are_refused(key, extra):
    with pytest.raises(TokenMalformed):
        verify(token(key, extra))


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ('{"alg":"HS256","cty":"stringee-api;v=1","alg":"HS256"}', '{"iss":"SID","exp":9999999999}'),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', '{"iss":"SID","exp":1,"exp":9999999999}'),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', '{"iss":"SK.0.other","iss":"SID","exp":9999999999}'),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', '["SID"]'),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', '"SID"'),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', "null"),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', ""),
        ('{"alg":"HS256","cty":"stringee-api;v=1"}', '{"iss":"SID","exp":9999999999,"a":"\\ud800"}'),
        ('["HS256"]', '{"iss":"SID","exp":9999999999}'),
        (b"\xff\xfe", '{"iss":"SID","exp":9999999999}'),
        ("{" * 500, '{"iss":"SID","exp":9999999999}'),
    ],
)
def test_headers_and_claims_must_be_plain_objects_without_duplicates(key, header, payload):
    with pytest.raises(TokenRefused) as refused:
        verify(signed(header, payload.replace("SID", key.sid), key.secret))
    assert refused.value.code in (2, 3)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: f"Bearer {text}",
        lambda text: f"bearer {text}",
        lambda text: f" {text}",
        lambda text: f"{text} ",
        lambda text: f"{text}\n",
        lambda text: text.replace(".", " . ", 1),
        lambda text: text[:-5],
        lambda text: text + "=",
        lambda text: text + ".x",
        lambda text: text.replace(".", ""),
        lambda text: "..",
        lambda text: "null",
        lambda text: "undefined",
        lambda text: "é" + text,
        lambda text: text + "\x00",
        lambda text: "a.b.c",
        lambda text: json.dumps({"token": text}),
    ],
)
def test_garbage_is_refused(key, spoil):
    with pytest.raises(TokenRefused) as refused:
        verify(spoil(token(key)))
    assert refused.value.code in (2, 3, 6)


def test_the_word_bearer_is_named(key):
    with pytest.raises(TokenUndecodable, match="without the word Bearer"):
        verify(f"Bearer {token(key)}")


def test_oversized_tokens_are_refused_unread(key):
    with pytest.raises(TokenUndecodable, match=f"longer than {MAX_BYTES} bytes"):
        verify(token(key, note="x" * MAX_BYTES))
    assert verify(token(key, note="x" * 2000)).sid == key.sid


def test_named_key_reads_without_trust(key):
    assert named_key(token(key)) == key.sid
    assert named_key("garbage") == ""
    assert named_key(token(key, iss=7)) == ""
