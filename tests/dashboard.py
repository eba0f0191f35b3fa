"""The dashboard of template.yaml as CloudWatch gets it, with the name of each resource in place of its deployed one."""

from __future__ import annotations

import json
import re
from typing import Any

PSEUDO = {
    "AWS::StackName": "ripen",
    "AWS::AccountId": "1",
    "AWS::URLSuffix": "amazonaws.com",
}


def body(template, region="eu-central-1"):
    """The parsed body of the dashboard. A reference to a name that the template does not have raises KeyError."""
    written = template["Resources"]["OperatorDashboard"]["Properties"]["DashboardBody"]
    return json.loads(json.dumps(_Resolver(template, region).value(written["Fn::ToJsonString"])))


def resolved(template):
    """The value of each reference and function in the body."""
    written = template["Resources"]["OperatorDashboard"]["Properties"]["DashboardBody"]["Fn::ToJsonString"]
    resolver = _Resolver(template, "eu-central-1")
    resolver.value(written)
    return resolver.found


def metrics(widget):
    """The metrics and expressions of a widget: namespace, name, dimensions, options. An expression has only options."""
    for row in widget["properties"].get("metrics", []):
        *names, options = row if isinstance(row[-1], dict) else [*row, {}]
        namespace, name, *dimensions = names or ("", "")
        assert len(dimensions) % 2 == 0, row
        yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)), options


class _Resolver:
    def __init__(self, template, region):
        self.resources, self.mappings = template["Resources"], template["Mappings"]
        self.pseudo = PSEUDO | {"AWS::Region": region}
        self.found = []

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.value(one) for one in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and (intrinsic := next(iter(node))) in self._INTRINSICS:
            self.found.append(self._INTRINSICS[intrinsic](self, node[intrinsic]))
            return self.found[-1]
        return {name: self.value(one) for name, one in node.items()}

    def _named(self, name):
        return self.pseudo[name] if name in self.pseudo else (self.resources[name] and name)

    def _attribute(self, named):
        name, attribute = named if isinstance(named, list) else named.split(".")
        return f"{self._named(name)}.{attribute}"

    def _substituted(self, given):
        text, names = given if isinstance(given, list) else (given, {})

        def replaced(match):
            name = match[1]
            if name in names:
                return self.value(names[name])
            return self._attribute(name) if "." in name else self._named(name)

        return re.sub(r"\$\{([\w:.]+)\}", replaced, text)

    def _in_mapping(self, given):
        name, first, second, *more = (self.value(one) for one in given)
        row = self.mappings[name].get(first)
        return row[second] if row else more[0]["DefaultValue"]

    _INTRINSICS = {  # noqa: RUF012 - a table of its own methods
        "Ref": _named,
        "Fn::GetAtt": _attribute,
        "Fn::Sub": _substituted,
        "Fn::FindInMap": _in_mapping,
    }
