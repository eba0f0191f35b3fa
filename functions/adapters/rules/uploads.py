"""The files that marketers upload to the rules bucket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from botocore.exceptions import ClientError

from adapters.runtime.clients import client
from ripen.config.upload_limits import MOST_BYTES, MOST_FILES, is_read, misplaced, size_problems
from ripen.errors import InvalidConfigurationError

UPLOADER = "uploader"
"""The key of the S3 metadata in which an upload says who made it, percent-encoded because metadata is ASCII."""

_PREFIXES = ("rules/", "mails/")
_OURS = ("active/", "reports/", "approvals/", "versions/", "history/", "pushes/", "schemas/")
_LONGEST_NAME = 100
_LONGEST_TEXT = 500


class Uploaded(NamedTuple):
    """An object: its size in bytes, S3's digest of its content, and when it was written (ISO 8601)."""

    size: int
    etag: str
    written: str

    @property
    def md5(self) -> str:
        """The MD5 digest of the content, which is the ETag of a small object."""
        return self.etag.strip('"')


Files = Mapping[str, Uploaded]
"""The uploaded objects by key."""


def uploaded_files(bucket: str) -> Files:
    """The files below rules/ and mails/, at most one more than allowed."""
    found = (
        (one["Key"], Uploaded(one["Size"], one["ETag"], one["LastModified"].isoformat()))
        for prefix in _PREFIXES
        for one in _listed(bucket, prefix)
    )
    return dict(islice(found, MOST_FILES + 1))


def md5(content: bytes) -> str:
    """The MD5 digest of a content, as in `Uploaded.md5`."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def contents(bucket: str, files: Files) -> dict[str, bytes]:
    """The content of each file; empty if no function reads the file. Raises InvalidConfigurationError."""
    if problems := size_problems({key: one.size for key, one in files.items()}):
        raise InvalidConfigurationError(problems)
    return {key: _content(bucket, key) if is_read(key) else b"" for key in files}


def uploader(bucket: str, files: Files) -> str:
    """Who wrote the newest file, as its metadata says; empty if it does not."""
    if not files:
        return ""
    newest = max(files, key=lambda key: files[key].written)
    try:
        told = client("s3").head_object(Bucket=bucket, Key=newest)["Metadata"].get(UPLOADER, "")
    except ClientError:  # it was deleted meanwhile, so the files are read again
        return ""
    return shown_name(unquote(told))


def shown_name(text: str) -> str:
    """The name of a person in a report: one line of bounded length."""
    return "".join(sign for sign in text if sign.isprintable())[:_LONGEST_NAME]


def shown_text(text: str) -> str:
    """A reason that a person wrote: one line of bounded length."""
    return " ".join(text.split())[:_LONGEST_TEXT]


def misplaced_files(bucket: str) -> list[str]:
    """Warnings about rule files and mails that lie elsewhere in the bucket, where nothing reads them."""
    # Beside uploads there are the mails of earlier versions, one object each.
    keys = (one["Key"] for one in islice(_listed(bucket, ""), 2 * MOST_FILES))
    return [*misplaced(key for key in keys if not key.startswith(_OURS))]


def digest(files: Files) -> str:
    """A text that changes whenever one of the files is written or deleted."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:12]


def _content(bucket: str, key: str) -> bytes:
    # A larger object may have replaced it since it was listed.
    found: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(MOST_BYTES + 1)
    return found


def _listed(bucket: str, prefix: str) -> Iterator[Any]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return (one for page in pages for one in page.get("Contents", []) if not one["Key"].endswith("/"))
