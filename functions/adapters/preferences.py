"""What a lead wants to get, from the item that score keeps for pages and websites."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws import client
from adapters.table import throttled


def preferences_of(table: str, subject: str) -> Mapping[str, Any]:
    """`off` (categories), `paused_until` (milliseconds) and `language`, each as far as it is known.

    Raises TableThrottledError.
    """
    try:
        found = client("dynamodb").get_item(TableName=table, Key={"pk": {"S": f"O#{subject}"}, "sk": {"S": "O"}})
    except ClientError as error:
        raise throttled(error) from error
    told = json.loads(found["Item"]["data"]["S"]) if "Item" in found else {}
    preferences: Mapping[str, Any] = told.get("preferences") or {}
    return preferences
