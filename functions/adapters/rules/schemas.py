"""The JSON Schemas of the rule files in the rules bucket, beside `rules/`, for editors."""

from __future__ import annotations

from adapters.rules.uploads import md5
from adapters.runtime.clients import client
from ripen.config.json_schema import FOLDER, schema_files


def put_schemas(bucket: str) -> None:
    """Write the schemas of this release that the bucket lacks or has in another form."""
    found = client("s3").list_objects_v2(Bucket=bucket, Prefix=FOLDER).get("Contents", [])
    there = {one["Key"]: one["ETag"].strip('"') for one in found}
    for key, text in schema_files().items():
        body = text.encode()
        if there.get(key) != md5(body):
            client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/schema+json")
