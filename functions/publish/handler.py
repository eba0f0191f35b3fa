"""Publishing: whenever a marketer uploads rules or mails, check them all and make them active, or say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.publishing import publish
from adapters.settings import PublishSettings, settings


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Called by EventBridge for each S3 object that is written or deleted below `rules/` or `mails/`."""
    return publish(settings(PublishSettings), event["time"])
