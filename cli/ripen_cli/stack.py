"""The resources of a CloudFormation stack by their names in the template."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.runtime.clients import client


def resources(stack: str) -> Mapping[str, str]:
    """The physical id of each resource of the stack, by its logical name."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    found = (one for page in pages for one in page["StackResourceSummaries"])
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if "PhysicalResourceId" in one}
