"""A walk over all leads, in the table: where it is, its next page, and the records that stand for other subjects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.dynamodb.attributes import attributes, values
from adapters.dynamodb.queries import query
from adapters.runtime.clients import client, succeeds, unchanged
from adapters.store.lead_records import mark_due
from ripen.storage.lead_record import FoldFingerprint, read_fingerprint
from ripen.storage.ledger import RECORD_KEY, WALK_KEY
from ripen.storage.reconciliation import SEGMENTS, Found, Kind, SubjectSummary, TableScan, needs_refold, walk_everywhere

_READ = {"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"}


def load_scans(table: str) -> dict[Kind, TableScan]:
    """How far each kind of walk has come. Raises pydantic's ValidationError when what lies there is no walk."""
    found = query(table, "pk = :pk", {":pk": WALK_KEY})
    walks = [TableScan.model_validate_json(item["data"]) for item in found]
    return {walk.kind: walk for walk in walks}


def save_scan(table: str, walk: TableScan) -> TableScan | None:
    """Write how far a walk has come; the walk as written, or None when somebody else went on with it."""
    saved = walk.model_copy(update={"version": walk.version + 1})
    item = {"pk": WALK_KEY, "sk": walk.kind, "version": saved.version, "data": saved.model_dump_json()}
    written = succeeds(client("dynamodb").put_item, TableName=table, Item=attributes(item), **unchanged(walk.version))
    return saved if written else None


def step(table: str, walk: TableScan, rules: str, now: int, recent: int) -> tuple[TableScan, list[Found]]:
    """Walk one page further, of at most 1 MB, read eventually consistent: the walk then, and whom to fold again.

    `rules` and `recent` are as in `judge`.
    """
    start = {"ExclusiveStartKey": attributes(dict(zip(("pk", "sk"), walk.after, strict=True)))} if walk.after else {}
    page = client("dynamodb").scan(
        TableName=table,
        Segment=walk.segments[0],
        TotalSegments=SEGMENTS,
        ProjectionExpression=", ".join(("pk", "sk", *_READ)),
        ExpressionAttributeNames=_READ,
        **start,
    )
    last = page.get("LastEvaluatedKey")
    after = (last["pk"]["S"], last["sk"]["S"]) if last else None
    walk, tallies = walk.on([values(item) for item in page["Items"]], after, now)
    judged = (needs_refold(tally, _claim(table, tally), rules, recent) for tally in tallies)
    found = list({one.lead: one for one in judged if one is not None}.values())
    return walk.with_found(found), found


def reconcile(table: str, now: int) -> Iterator[TableScan]:
    """Walk over the whole table at once and make due whoever lags behind the ledger; the walk after each page."""
    walk = walk_everywhere(now)
    while walk.ended is None:
        walk, found = step(table, walk, "", now, recent=now)
        for one in found:
            mark_due(table, one.lead, now)
        yield walk


def item_count(table: str) -> int:
    """About how many items the table holds, as DynamoDB counts every six hours."""
    return int(client("dynamodb").describe_table(TableName=table)["Table"]["ItemCount"])


def _claim(table: str, tally: SubjectSummary) -> FoldFingerprint | None:
    if not tally.lead:
        return tally.claim
    key = attributes({"pk": tally.lead, "sk": RECORD_KEY})
    item: dict[str, Any] = values(client("dynamodb").get_item(TableName=table, Key=key).get("Item", {}))
    return read_fingerprint(item.get("data", ""), tally.subject)
