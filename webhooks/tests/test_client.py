"""The one HTTP client, against hostile servers."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import socket
import ssl
import threading
import time
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from webhooks import client, tls
from webhooks.client import Outgoing, fetch
from webhooks.failures import FailureReason, FetchFailed
from webhooks.tests.receiver import closed_port, receiving

SHORT_S = 0.3


def get(url: str, timeout_s: float = 30.0, **more) -> Outgoing:
    return Outgoing("GET", url, timeout_s, **more)


def failure_of(request: Outgoing, **more) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        fetch(request, **more)
    return caught.value


def no_look_up(host: str, port: int) -> list[str]:
    raise AssertionError("the name was looked up")


# ── What is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_get_arrives_with_its_query_and_host(receiver):
    answer = fetch(get(f"{receiver.url}?tenant=7", query={"custom": "a b"}, headers={"X-Ours": "1"}))

    (asked,) = receiver.received
    assert (asked.method, asked.target, asked.body) == ("GET", "/hook?tenant=7&custom=a%20b", b"")
    assert asked.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert asked.headers["X-Ours"] == "1"
    assert (answer.status, answer.text, answer.content_type) == (200, '{"status":"ok"}', "application/json")


def test_a_post_arrives_with_its_body_and_no_cookies_are_kept(receiver):
    receiver.answer_with(200, b"", Set_Cookie="a=b")
    for _ in range(2):
        fetch(Outgoing("POST", receiver.url, 5, body="đ".encode()))

    assert [(asked.method, asked.body) for asked in receiver.received] == [("POST", "đ".encode())] * 2
    assert all("Cookie" not in asked.headers for asked in receiver.received)


def test_proxies_of_the_environment_are_not_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    assert fetch(get(receiver.url)).status == 200


def test_a_body_that_is_no_text_can_be_stored_all_the_same(receiver):
    receiver.answer_with(200, b"\xff\x00ok", Content_Type="image/png")

    assert fetch(get(receiver.url)).text == "\ufffd\ufffdok"


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "DELETE"},
        {"timeout_s": 0},
        {"timeout_s": -1},
        {"timeout_s": 31},
        {"timeout_s": float("nan")},
        {"max_bytes": 0},
    ],
)
def test_a_request_that_makes_no_sense_is_our_own_mistake(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        Outgoing(**{"method": "GET", "url": "http://crm.example/", "timeout_s": 1, **wrong})


# ── Where it may lead ────────────────────────────────────────────────────────────────────────────────────────────────

INWARDS = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://2130706433:{port}/",  # decimal
    "http://0x7f000001:{port}/",  # hexadecimal
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",  # octal
    "http://127.1:{port}/",
    "http://0:{port}/",
    "http://１２７.０.０.１:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://user:password@127.0.0.1:{port}/",
    "http://crm.example@127.0.0.1:{port}/",
]


@pytest.mark.parametrize("spelling", INWARDS)
def test_no_spelling_of_our_own_machine_is_connected_to(receiver, settings, spelling):
    settings.PCC_ALLOWED_PRIVATE_NETWORKS = []

    failure = failure_of(get(spelling.format(port=receiver.port), 2))

    assert failure.reason in (FailureReason.REFUSED_ADDRESS, FailureReason.UNRESOLVED)
    assert receiver.received == []


@pytest.mark.parametrize("spelling", INWARDS[:6])
def test_the_operator_can_allow_a_network(receiver, spelling):
    assert fetch(get(spelling.format(port=receiver.port))).status == 200


def test_a_name_that_leads_to_a_private_address_is_refused(receiver, settings):
    settings.PCC_ALLOWED_PRIVATE_NETWORKS = []
    url = f"http://crm.example:{receiver.port}/"

    assert failure_of(get(url), look_up=lambda h, p: ["127.0.0.1"]).reason is FailureReason.REFUSED_ADDRESS
    assert failure_of(get(url), look_up=lambda h, p: ["fd00::1", "10.0.0.1"]).reason is FailureReason.REFUSED_ADDRESS
    assert receiver.received == []


def test_of_several_addresses_only_the_reachable_ones_are_tried(receiver):
    answer = fetch(get(f"http://crm.example:{receiver.port}/"), look_up=lambda h, p: ["10.0.0.1", "127.0.0.1"])

    assert answer.status == 200
    assert receiver.received[0].headers["Host"] == f"crm.example:{receiver.port}"


def test_the_next_address_is_tried_when_one_refuses_the_connection(receiver):
    assert fetch(get(f"http://crm.example:{receiver.port}/"), look_up=lambda h, p: ["127.0.0.2", "::1", "127.0.0.1"])


def test_a_name_is_looked_up_once_and_that_address_is_connected_to(receiver, monkeypatch):
    """A name server that answers differently the second time gets no second time."""
    looked_up = []
    names_asked_of_the_system = []
    system = socket.getaddrinfo

    def rebinding(host, port):
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["169.254.169.254"]

    def watched(host, *args, **kwargs):
        names_asked_of_the_system.append(host)
        return system(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", watched)

    assert fetch(get(f"http://rebind.example:{receiver.port}/"), look_up=rebinding).status == 200
    assert looked_up == ["rebind.example"]
    assert all(ipaddress.ip_address(name) for name in names_asked_of_the_system)


def test_a_name_without_an_address_and_a_bad_url_are_told_apart(receiver):
    def unknown(host, port):
        raise socket.gaierror("Name or service not known")

    assert failure_of(get("http://nowhere.example/"), look_up=unknown).reason is FailureReason.UNRESOLVED
    assert failure_of(get("file:///etc/passwd"), look_up=no_look_up).reason is FailureReason.BAD_URL


def test_a_name_server_that_does_not_answer_costs_no_more_than_the_deadline():
    released = threading.Event()

    def stuck(host, port):
        released.wait(60)
        return ["127.0.0.1"]

    began = time.monotonic()
    failure = failure_of(get("http://slow.example/", SHORT_S), look_up=stuck)
    released.set()

    assert failure.reason is FailureReason.TIMEOUT
    assert time.monotonic() - began < 20  # it is stuck for longer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver, status):
    receiver.answer_with(status, b"over there", Location=f"http://127.0.0.1:{receiver.port}/inwards")

    failure = failure_of(get(receiver.url))

    assert (failure.reason, failure.status) == (FailureReason.REDIRECT, status)
    assert [asked.target for asked in receiver.received] == ["/hook"]


# ── How long and how much ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),  # a status line that never ends
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),  # headers that never end
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_drops_do_not_stretch_the_deadline(receiver, first, drop):
    receiver.answer = lambda handler: handler.drip(first, drop)
    began = time.monotonic()

    failure = failure_of(get(receiver.url, SHORT_S))

    # h11 may see that the status line is none before the time is over
    assert failure.reason in (FailureReason.TIMEOUT, FailureReason.CONNECTION)
    assert failure.reason is FailureReason.TIMEOUT or not first
    assert time.monotonic() - began < 20  # the drops go on for ever


def test_a_silent_server_is_left_at_the_deadline(receiver):
    receiver.answer = lambda handler: receiver.ended.wait(5)

    assert failure_of(get(receiver.url, SHORT_S)).reason is FailureReason.TIMEOUT


def test_a_server_that_does_not_finish_the_encryption_is_left_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        assert failure_of(get(f"https://127.0.0.1:{port}/", SHORT_S)).reason is FailureReason.TIMEOUT


def test_a_body_as_large_as_the_limit_is_taken_and_one_byte_more_is_not(receiver):
    receiver.answer_with(200, b"x" * 1000)

    assert len(fetch(get(receiver.url, max_bytes=1000)).body) == 1000
    assert failure_of(get(receiver.url, max_bytes=999)).reason is FailureReason.TOO_LARGE


def test_an_endless_body_is_cut_off(receiver):
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    receiver.answer = lambda handler: handler.drip(head, b"x" * 50_000)

    assert failure_of(get(receiver.url)).reason is FailureReason.TOO_LARGE


def test_endless_headers_are_cut_off(receiver):
    receiver.answer = lambda handler: handler.drip(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"b" * 50_000 + b"\r\n")

    assert failure_of(get(receiver.url)).reason is FailureReason.CONNECTION


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_bomb_is_cut_off_and_a_compressed_answer_is_read(receiver, pack):
    encoding = "gzip" if pack is gzip.compress else "deflate"
    receiver.answer_with(200, pack(b"\0" * 20_000_000), Content_Encoding=encoding)
    assert failure_of(get(receiver.url)).reason is FailureReason.TOO_LARGE

    receiver.answer_with(200, pack(b'{"a":1}'), Content_Encoding=encoding)
    assert fetch(get(receiver.url)).text == '{"a":1}'


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "x" * 200])
def test_layers_and_unknown_compressions_are_not_opened(receiver, encoding):
    receiver.answer_with(200, gzip.compress(gzip.compress(b"x")), Content_Encoding=encoding)

    assert failure_of(get(receiver.url)).reason is FailureReason.UNREADABLE


def test_a_broken_compression_is_unreadable(receiver):
    receiver.answer_with(200, b"no gzip at all", Content_Encoding="gzip")

    assert failure_of(get(receiver.url)).reason is FailureReason.UNREADABLE


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        lambda handler: handler.reply(200, b"x" * 100_000),
        lambda handler: handler.reply(200, b"no gzip", Content_Encoding="gzip"),
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"),
    ],
    ids=["slow", "large", "broken", "cut off"],
)
def test_where_the_status_is_the_answer_the_body_can_spoil_nothing(receiver, answer):
    receiver.answer = answer

    assert fetch(get(receiver.url, SHORT_S, max_bytes=100, body_matters=False)).status == 200


# ── What comes back ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_another_status_is_a_failure_that_carries_the_answer(receiver, status):
    receiver.answer_with(status, b"because")

    failure = failure_of(get(receiver.url))

    assert (failure.reason, failure.status, failure.body) == (FailureReason.STATUS, status, b"because")
    assert failure.is_endpoint_down == (status in (429, 500, 503))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_success(receiver, status):
    receiver.answer_with(status)

    assert fetch(get(receiver.url)).status == status


def test_nobody_there_and_no_http_are_failures_of_the_connection(receiver):
    assert failure_of(get(f"http://127.0.0.1:{closed_port()}/")).reason is FailureReason.CONNECTION

    receiver.answer = lambda handler: handler.wfile.write(b"220 mail.example ESMTP\r\n")
    assert failure_of(get(receiver.url)).reason is FailureReason.CONNECTION


# ── Encryption ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def certificate(tmp_path):
    """A certificate of crm.example that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("crm.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure_receiver(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda sock, name, _context: names.append(name)
    names: list[str] = []
    with receiving(context) as running:
        yield running, names


@pytest.fixture
def trusted(certificate, monkeypatch):
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(client, "tls_context", lambda: context)


def test_threads_that_begin_together_make_one_context():
    together, made = threading.Barrier(8, timeout=30), []

    def begin() -> None:
        together.wait()
        made.append(tls.tls_context())

    tls._made.cache_clear()
    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (len(made), len({id(each) for each in made})) == (8, 1)


def test_what_is_not_encrypted_needs_no_context(receiver, monkeypatch):
    monkeypatch.setattr(client, "tls_context", None)

    assert fetch(get(receiver.url)).status == 200


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.usefixtures("trusted")
def test_the_name_is_verified_and_sent_though_the_address_is_pinned(secure_receiver):
    running, names = secure_receiver

    assert fetch(get(f"https://crm.example:{running.port}/"), look_up=to_loopback).status == 200
    assert names == ["crm.example"]
    assert running.received[0].headers["Host"] == f"crm.example:{running.port}"


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(secure_receiver):
    running, _names = secure_receiver

    failure = failure_of(get(f"https://other.example:{running.port}/"), look_up=to_loopback)

    assert failure.reason is FailureReason.CONNECTION
    assert "certificate" in failure.detail.lower()
    assert running.received == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure_receiver):
    running, _names = secure_receiver

    failure = failure_of(get(f"https://crm.example:{running.port}/"), look_up=to_loopback)

    assert failure.reason is FailureReason.CONNECTION
    assert running.received == []


def test_https_to_a_server_that_speaks_http_fails(receiver):
    assert failure_of(get(f"https://127.0.0.1:{receiver.port}/")).reason is FailureReason.CONNECTION
