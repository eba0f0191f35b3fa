"""Webhooks: signature, permitted receivers, and the meaning of answers."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.delivery import webhooks
from adapters.delivery.webhooks import _SPECIAL, _is_public, key_for, post, signed
from adapters.runtime.clock import wall_clock
from ripen.errors import DeliveryDelayedError, DeliveryFailedError

SECRET = b"s" * 64
KEY = key_for(SECRET, "crm")
MESSAGE = signed(KEY, "lead_1", "handoff", {"lead": {"name": "Änn"}}, 1_700_000_000_000)


class Receiver(HTTPServer):
    """Answers each request with `status` and keeps what came."""

    def __init__(self, status=200, headers=()):
        self.status, self.headers, self.requests = status, headers, []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    started = []

    def start(status=200, headers=()):
        started.append(Receiver(status, headers))
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_a_receiver_checks_the_signature_with_a_library_of_its_own(receiver):
    server = receiver()
    message = signed(KEY, "lead_1", "handoff", {"lead": {"name": "Änn"}}, wall_clock())

    post(server.url, message, to_itself=True)

    [(path, headers, body)] = server.requests
    assert path == "/hook?x=1"
    told = Webhook(KEY).verify(body, headers)
    assert (told["type"], told["data"]) == ("lead.handoff", {"lead": {"name": "Änn"}})
    assert headers["webhook-id"] == "lead_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(key_for(SECRET, "another")).verify(body, headers)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 307])
def test_a_rejected_webhook_is_not_repeated_and_no_redirect_is_followed(receiver, status):
    elsewhere = receiver()
    server = receiver(status, [("location", elsewhere.url)])

    with pytest.raises(DeliveryFailedError, match=str(status)):
        post(server.url, MESSAGE, to_itself=True)

    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_webhook_is_repeated_after_a_server_error(receiver, status):
    with pytest.raises(DeliveryDelayedError, match=str(status)):
        post(receiver(status).url, MESSAGE, to_itself=True)


def test_a_webhook_is_repeated_after_a_refused_connection():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(DeliveryDelayedError, match="ConnectionRefusedError"):
        post(f"http://127.0.0.1:{port}/", MESSAGE, to_itself=True)


def test_the_connection_to_a_receiver_that_answers_byte_by_byte_is_closed(monkeypatch):
    monkeypatch.setattr(webhooks, "_READ", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DeliveryDelayedError):
            post(f"http://127.0.0.1:{port}/", MESSAGE, to_itself=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https:///path",
        "https://me:secret@hooks.example.com/",
        "https://hooks.example.com:99999/",
        "http://127.0.0.1:9001/2018-06-01/runtime/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
    ],
)
def test_only_https_urls_of_other_hosts_are_called(monkeypatch, url):
    monkeypatch.setattr(socket, "create_connection", None)
    with pytest.raises(DeliveryFailedError):
        post(url, MESSAGE)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - nobody listens there
        "224.0.0.1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "::ffff:7f00:1",
        "::169.254.169.254",
        "::ffff:0:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::808:808",
        "64:ff9b:1::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "2001:1::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "fec0::1",
        "ff02::1",
        "192.0.0.9",
        "192.88.99.1",
        "198.18.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "2002:a9fe:a9fe::1",
        "::",
        "127.0.0.1",
    ],
)
@pytest.mark.parametrize("to_itself", [False, True])
def test_a_host_name_in_a_private_network_is_not_called(monkeypatch, address, to_itself):
    found = [(None, None, None, "", (answer, 443)) for answer in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", None)

    with pytest.raises(DeliveryFailedError, match="public"):
        post("https://hooks.example.com/", MESSAGE, to_itself=to_itself)


PUBLIC = ("93.184.216.34", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700:4700::1111", "192.31.196.1", "2620:4f:8000::1")


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_in_the_internet_is_public(address):
    assert _is_public(address)


@pytest.mark.parametrize("kind", [IPv4Address, IPv6Address])
def test_special_networks_are_not_public_in_any_python_version(monkeypatch, kind):
    monkeypatch.setattr(kind, "is_global", True)

    for network in (*_SPECIAL, *map(ip_network, NOT_UNICAST)):
        if network.version == kind(0).version:
            assert not _is_public(str(network[0])), network
            assert not _is_public(str(network[-1])), network


NOT_UNICAST = (
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
)


def test_a_public_address_is_connected_to_as_it_was_resolved(monkeypatch):
    asked = []

    def connect(address, _timeout):
        asked.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(None, None, None, "", ("93.184.216.34", 443))])
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(DeliveryDelayedError, match="TimeoutError"):
        post("https://hooks.example.com/", MESSAGE)

    assert asked == [("93.184.216.34", 443)]


def test_each_receiver_has_a_key_of_its_own_and_always_the_same():
    assert key_for(SECRET, "crm") == KEY
    assert len({KEY, key_for(SECRET, "erp"), key_for(b"t" * 64, "crm")}) == 3
    assert KEY.startswith("whsec_")


def test_the_body_is_json_with_unicode_letters():
    assert json.loads(MESSAGE.body)["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert "Änn" in MESSAGE.body.decode()
