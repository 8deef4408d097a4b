"""Known answers of the signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac

from webhooks import signatures


def test_the_older_header_signs_a_body_and_a_target():
    # RFC 2202, test case 2
    assert (
        signatures.stringee_signature("Jefe", b"what do ya want for nothing?")
        == base64.b64encode(bytes.fromhex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")).decode()
    )
    assert signatures.get_headers(["Jefe"], "what do ya want for nothing?") == {
        "X-STRINGEE-SIGNATURE": "7/zfauXrL6LSdBbV8YTfnCWafHk="
    }


def test_the_standard_signature_of_the_specifications_example():
    # The example of the Standard Webhooks libraries: the secret is the decoded base64 after "whsec_".
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert expected == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    ours = signatures.standard_signature("Jefe", "id", 0, b"body")
    assert ours == "v1," + base64.b64encode(hmac.new(b"Jefe", b"id.0.body", hashlib.sha256).digest()).decode()


def test_a_library_that_decodes_the_standard_form_signs_with_our_secret():
    form = signatures.standard_form("fK0-raw_secret")

    assert form.startswith("whsec_")
    assert base64.b64decode(form.removeprefix("whsec_")) == b"fK0-raw_secret"


def test_two_secrets_sign_side_by_side_and_the_newest_signs_the_older_header():
    headers = signatures.post_headers(["new", "old"], "evt-1", 1_718_000_000, b"{}")

    assert headers["webhook-id"] == "evt-1"
    assert headers["webhook-timestamp"] == "1718000000"
    assert headers["webhook-signature"] == " ".join(
        signatures.standard_signature(secret, "evt-1", 1_718_000_000, b"{}") for secret in ("new", "old")
    )
    assert headers["X-STRINGEE-SIGNATURE"] == signatures.stringee_signature("new", b"{}")
