"""Delivers events by a template of infra/crm as EventBridge and Step Functions do, in virtual time.

EventBridge repeats 401, 407, 409, 429 and 5xx, waits as long as Retry-After says, and puts into the queue of dead
letters what was refused or not taken in time: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html.
"""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlencode, urlsplit

from input_transformer import found, matches, transformed

REPEATED = {401, 407, 409, 429}
_LONGEST_PAUSE = 600
"""Seconds between two attempts of the stand-in for EventBridge, whose real ones are not published."""

CALL = "arn:aws:states:::http:invoke"


class Delivery:
    """A deployed template with its parameters; `dead` are events that ended as dead letters, with the reason."""

    def __init__(self, resources, parameters, crm):
        self.resources, self.parameters, self.crm = resources, parameters, crm
        self.down = False
        self.dead = []
        self.seconds = 0

    @property
    def rules(self):
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == "AWS::Events::Rule"}

    def deliver(self, detail):
        """Deliver an event of the bus by each rule that it matches; returns the number of these rules."""
        event = {"source": "ripen", "detail-type": detail["event"], "detail": detail}
        matching = [rule for rule in self.rules.values() if matches(rule["EventPattern"], event)]
        for rule in matching:
            [target] = rule["Targets"]
            if "InputTransformer" in target:
                self._to_destination(event, target)
            else:
                self._to_machine(event)
        return len(matching)

    def _to_destination(self, event, target):
        destination = self.resources["Destination"]["Properties"]
        parameters = [found(event, path) for path in target.get("HttpParameters", {}).get("PathParameterValues", [])]
        pieces = self.text(destination["InvocationEndpoint"]).split("*")
        endpoint = "".join(piece + value for piece, value in zip(pieces, [*parameters, ""], strict=True))
        body = json.dumps(transformed(event, target["InputTransformer"]))
        policy, waited, pause = target["RetryPolicy"], 0, 1
        for _ in range(policy["MaximumRetryAttempts"] + 1):
            status, after, _ = self.call(destination["HttpMethod"], endpoint, body)
            if status < 300:
                return
            if status not in REPEATED and status < 500:
                break
            waited += max(pause, after)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if waited > policy["MaximumEventAgeInSeconds"]:
                break
        self.seconds += waited
        self.dead.append((event, status))

    def _to_machine(self, event):
        definition = self.resources["Machine"]["Properties"]["Definition"]
        data, name = json.loads(json.dumps(event)), definition["StartAt"]
        while name:
            state = definition["States"][name]
            name = state.get("Next", "")
            if state["Type"] == "Choice":
                [choice] = state["Choices"]
                name = choice["Next"] if _path(data, choice["Variable"]) is not None else state["Default"]
            elif state["Resource"] != CALL:
                self.dead.append((event, data["error"]["Error"]))
            elif (answer := self._call_of(state, data)) is None:
                [caught] = state["Catch"]
                name = caught["Next"]
                data["error"] = {"Error": "States.Http.StatusCode"}
            elif "ResultPath" in state:
                data[state["ResultPath"].removeprefix("$.")] = {"ResponseBody": answer}

    def _call_of(self, state, data):
        """The body of the answer; None if it was refused, or not given in the time of the retries."""
        [retry] = state["Retry"]
        asked = _filled(state["Parameters"], data, self.text)
        endpoint = asked["ApiEndpoint"] + (
            "?" + urlencode(asked["QueryParameters"]) if "QueryParameters" in asked else ""
        )
        body = json.dumps(asked["RequestBody"]) if "RequestBody" in asked else ""
        waited, pause = 0, retry["IntervalSeconds"]
        for _ in range(retry["MaxAttempts"] + 1):
            status, _, answer = self.call(asked["Method"], endpoint, body)
            if status < 300:
                return answer
            if f"States.Http.StatusCode.{status}" not in retry["ErrorEquals"]:
                break
            waited += pause
            pause = min(pause * retry["BackoffRate"], retry["MaxDelaySeconds"])
        self.seconds += waited
        return None

    def call(self, method, endpoint, body):
        """The status, the seconds of Retry-After, and the body of the answer of the CRM on loopback."""
        if self.down:
            return 503, 0, None
        url = urlsplit(endpoint)
        assert url.scheme == "https"
        connection = http.client.HTTPConnection("127.0.0.1", self.crm.port, timeout=5)
        target = url.path + (f"?{url.query}" if url.query else "")
        connection.request(method, target, body, {"host": url.hostname, "content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, int(answer.headers.get("retry-after", 0)), json.loads(text) if text else None

    def text(self, value):
        """A text of the template with the parameters of the deployment."""
        text = value["Sub"] if isinstance(value, dict) else value
        return re.sub(r"\$\{(\w+)\}", lambda name: self.parameters.get(name[1], name[0]), text)


def _filled(node, data, text):
    if isinstance(node, list):
        return [_filled(one, data, text) for one in node]
    if not isinstance(node, dict):
        return text(node) if isinstance(node, str) else node
    filled = {}
    for name, value in node.items():
        if name.endswith(".$"):
            filled[text(name.removesuffix(".$"))] = _computed(value, data)
        else:
            filled[text(name)] = _filled(value, data, text)
    return filled


def _computed(expression, data):
    formatted = re.fullmatch(r"States\.Format\('([^']*)', (\S+)\)", expression)
    if formatted:
        return formatted[1].replace("{}", str(_path(data, formatted[2])))
    value = _path(data, expression)
    assert value is not None, f"{expression} finds nothing"
    return value


def _path(data, path):
    for name in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            data = data[name[0]] if name[0] else data[int(name[1])]
        except (KeyError, IndexError, TypeError):
            return None
    return data
