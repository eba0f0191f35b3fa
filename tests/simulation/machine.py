"""Runs handlers concurrently, one I/O call at a time, and injects faults into their calls.

Each invocation is a greenlet that stops at every call to AWS. A seeded generator chooses the next invocation and the
outcome of its call, so that a seed always gives the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from greenlet import getcurrent, greenlet

from ripen.errors import RipenError
from simulation.wire import Wire, failure

FAULTS = ("crash before", "crash after", "throttled", "timeout before", "timeout after", "in progress", "repeated")
_THROTTLED = {
    "events": ("ThrottlingException", 400),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "s3": ("SlowDown", 503),
    "secretsmanager": ("ThrottlingException", 400),
    "sesv2": ("TooManyRequestsException", 429),
    "sqs": ("RequestThrottled", 400),
    "webhook": ("TooManyRequests", 429),
}
_EXPECTED_FAILURES = (ClientError, BotoCoreError, RipenError)


SWITCHES = 0.2
"""How often another invocation takes its turn after a call."""


class Crash(BaseException):
    """The process is killed. No `except` of the code catches this exception."""


class Call(NamedTuple):
    """A call to AWS that an invocation waits for."""

    service: str
    operation: str
    arguments: dict[str, Any]
    perform: Callable[[], Any]


@dataclass(eq=False)
class Invocation:
    """`ended` is called with the handler's answer, or None if it failed or crashed.

    `troubled` are the services that answered with an error. It began at `began` (ms), in a process with the cached
    rules `process`.
    """

    name: str
    run: greenlet
    ended: Callable[[Any], None]
    call: Call | None = None
    first_answer: list[Any] = field(default_factory=list)
    troubled: set[str] = field(default_factory=set)
    began: int = 0
    process: dict[str, Any] = field(default_factory=dict)


class Machine:
    """`faults` is the share of failing calls; `trace`, if given, is called with a line per step.

    `ending` is the invocation that ended last. `on_begin` is called with each new invocation, `on_turn` with each that
    goes on.
    """

    def __init__(self, random, trace, on_crash=lambda: None, on_begin=lambda _: None, on_turn=lambda _: None):
        self.random, self.trace, self.on_crash = random, trace, on_crash
        self.on_begin, self.on_turn = on_begin, on_turn
        self.faults = 0.12
        self.running = []
        self.ending = None
        self._started = 0
        self._latest = None

    def client(self, service, fake):
        return Wire(service, fake, self._wait)

    def start(self, name, function, ended):
        self._started += 1
        invocation = Invocation(f"{name}#{self._started}", greenlet(_guarded(function)), ended)
        self.on_begin(invocation)
        self.running.append(invocation)
        self._go_on(invocation)

    def step(self):
        """Resume one random invocation with the outcome of its call, which may be a fault."""
        # The latest invocation usually continues, so that whole invocations fit between two calls of another.
        if self._latest not in self.running or self.random.random() < SWITCHES:
            self._latest = self.random.choice(self.running)
        invocation = self._latest
        fault = self.random.choice(FAULTS) if self.random.random() < self.faults else ""
        call = invocation.call
        if self.trace:
            self.trace(f"{invocation.name} {call.operation} {_essence(call.arguments)} {fault}")
        if fault == "repeated" and call.service != "sesv2" and not invocation.first_answer:
            invocation.first_answer = [_outcome(call.perform)]  # the response is lost, and the SDK retries
            return
        if invocation.first_answer and call.operation == "transact_write_items":
            [outcome] = invocation.first_answer  # the request token makes a retried transaction idempotent
        else:
            outcome = _become(fault, call)
        invocation.first_answer = []
        if isinstance(outcome, Exception):
            invocation.troubled.add(call.service)
        self._go_on(invocation, outcome)

    def _wait(self, service, operation, arguments, perform):
        here = getcurrent()
        return perform() if here.parent is None else here.parent.switch(Call(service, operation, arguments, perform))

    def _go_on(self, invocation, outcome=None):
        self.on_turn(invocation)
        if isinstance(outcome, BaseException):
            answer = invocation.run.throw(outcome)
        else:
            answer = invocation.run.switch(outcome) if invocation.call else invocation.run.switch()
        if not invocation.run.dead:
            invocation.call = answer
            return
        self.running.remove(invocation)
        failed = isinstance(answer, BaseException)
        if self.trace:
            self.trace(f"{invocation.name} ends: {type(answer).__name__ if failed else answer}")
        if isinstance(answer, Crash):
            self.on_crash()
        self.ending = invocation
        invocation.ended(None if failed else answer)


def _guarded(function):
    def run():
        try:
            return function()
        except (Crash, *_EXPECTED_FAILURES) as error:
            return error

    return run


def _become(fault, call):
    """The answer for the invocation, or the exception to raise. The fault decides if the call is made."""
    if fault == "crash before":
        return Crash()
    if fault == "throttled":
        code, status = _THROTTLED[call.service]
        return failure(code, call.operation, status)
    if fault == "timeout before":
        return ReadTimeoutError(endpoint_url=call.service)
    outcome = _outcome(call.perform)
    if fault == "crash after":
        return Crash()
    if fault == "in progress" and call.operation == "transact_write_items":  # the first attempt is not answered yet
        return failure("TransactionInProgressException", "TransactWriteItems")
    return ReadTimeoutError(endpoint_url=call.service) if fault == "timeout after" else outcome


def _outcome(perform):
    try:
        return perform()
    except ClientError as error:
        return error


def _essence(arguments):
    """The keys in a call's arguments, for the trace."""
    keys = [arguments[name] for name in ("Item", "Key") if isinstance(arguments.get(name), dict)]
    found = [f"{key['pk']['S'][:12]} {key['sk']['S']}" for key in keys]
    values = arguments.get("ExpressionAttributeValues", {})
    return " ".join(found) or str(values.get(":pk", values.get(":shard", {})).get("S", arguments.get("Key", "")))
