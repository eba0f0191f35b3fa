"""Publishing: whenever a marketer uploads rules or mails, check them all and make them active, or say what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.runtime.settings import PublishSettings, settings
from services.publishing import publish


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Called by a queue with what EventBridge tells of objects written or deleted below `rules/` or `mails/`.

    However many there are, everything is looked at once.
    """
    return publish(settings(PublishSettings), max(json.loads(record["body"])["time"] for record in event["Records"]))
