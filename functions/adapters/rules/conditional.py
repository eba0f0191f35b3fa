"""Writes to S3 that never replace an object."""

from __future__ import annotations

from botocore.exceptions import ClientError

from adapters.runtime.clients import client, error_code

_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


def put_once(bucket: str, key: str, text: str) -> bool:
    """Write an object unless there is one under the key; returns True if it was written."""
    try:
        client("s3").put_object(
            Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json", IfNoneMatch="*"
        )
    except ClientError as error:
        if error_code(error) in _TAKEN:
            return False
        raise
    return True
