"""Writes to S3 that replace no object, or only the one that was read."""

from __future__ import annotations

from botocore.exceptions import ClientError

from adapters.runtime.clients import error_code, store_json

_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


def put_once(bucket: str, key: str, text: str) -> bool:
    """Write an object unless there is one under the key; returns True if it was written."""
    return _put(bucket, key, text, IfNoneMatch="*")


def put_if_unchanged(bucket: str, key: str, text: str, etag: str) -> bool:
    """Replace an object unless it has changed since it was read with this `etag`; returns True if it was written."""
    return _put(bucket, key, text, IfMatch=etag)


def _put(bucket: str, key: str, text: str, **condition: str) -> bool:
    try:
        store_json(bucket, key, text, **condition)
    except ClientError as error:
        if error_code(error) in _TAKEN:
            return False
        raise
    return True
