"""A request that must not be repeated goes over a connection that is surely alive."""

from __future__ import annotations

import socket
import struct
import threading

import boto3
import pytest

from adapters.delivery import mailer
from adapters.runtime import clients
from adapters.runtime.clients import client, reconnected
from ripen.errors import MailOutcomeUnknownError


class Clock:
    def __init__(self):
        self.now = 100.0


@pytest.fixture
def clock(new_process, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(clients, "monotonic", lambda: clock.now)
    return clock


class HastySes:
    """Answers the first request of each connection, and resets the connection at the second."""

    def __init__(self):
        self.mails = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        received = connection.makefile("rb")
        head = [*iter(received.readline, b"\r\n")]
        length = next(int(line.partition(b":")[2]) for line in head if line.lower().startswith(b"content-length:"))
        received.read(length)
        self.mails += 1
        body = b'{"MessageId": "1"}'
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(answer + body)
        if connection.recv(1):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        received.close()
        connection.close()


@pytest.fixture
def ses(clock):
    ses = HastySes()
    clients.use("sesv2", boto3.client("sesv2", endpoint_url=ses.url, config=client("sesv2").meta.config))
    yield ses
    ses.listener.close()


def send():
    return mailer.send(b"mail", "hello@example.com", "ann@example.com", "", {})


def test_a_mail_after_a_pause_goes_over_a_new_connection(clock, ses):
    assert send() == "1"
    clock.now += 6

    assert send() == "1"
    assert ses.mails == 2


def test_a_mail_without_a_pause_uses_the_open_connection(ses):
    send()

    with pytest.raises(MailOutcomeUnknownError):
        send()
    assert ses.mails == 1


def test_only_a_pause_closes_connections(clock):
    class Counting:
        closed = 0

        def close(self):
            self.closed += 1

    counting = Counting()
    clients.use("sesv2", counting)

    for pause in (0, 4, 5, 600, 1):
        clock.now += pause
        assert reconnected("sesv2") is counting

    assert counting.closed == 1


def test_reads_are_repeated_where_sends_are_not(new_process):
    sending, reading = client("sesv2"), client("sesv2", repeating=True)

    assert sending.meta.config.retries["total_max_attempts"] == 1
    assert reading.meta.config.retries["total_max_attempts"] > 1
