"""Scans of the table for leads to fold again: their stored progress, and their next page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.dynamodb.attributes import attributes, values
from adapters.dynamodb.queries import query
from adapters.runtime.clients import client, succeeds, unchanged
from adapters.store.lead_records import mark_due
from ripen.storage.lead_record import FoldFingerprint, read_fingerprint
from ripen.storage.ledger import RECORD_KEY, SCAN_KEY
from ripen.storage.reconciliation import SEGMENTS, Found, Kind, SubjectSummary, TableScan, needs_refold, scan_everywhere

_READ = {"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"}


def load_scans(table: str) -> dict[Kind, TableScan]:
    """The stored progress of each kind of scan. Raises pydantic's ValidationError for an item that is not valid."""
    found = query(table, "pk = :pk", {":pk": SCAN_KEY})
    scans = [TableScan.model_validate_json(item["data"]) for item in found]
    return {scan.kind: scan for scan in scans}


def save_scan(table: str, scan: TableScan) -> TableScan | None:
    """Store the progress of a scan, and return the stored scan; None if another process has advanced it."""
    saved = scan.model_copy(update={"version": scan.version + 1})
    item = {"pk": SCAN_KEY, "sk": scan.kind, "version": saved.version, "data": saved.model_dump_json()}
    written = succeeds(client("dynamodb").put_item, TableName=table, Item=attributes(item), **unchanged(scan.version))
    return saved if written else None


def step(table: str, scan: TableScan, rules: str, now: int, recent: int) -> tuple[TableScan, list[Found]]:
    """Scan one more page of at most 1 MB. The result is the scan after it, and the leads to fold again.

    Reads are eventually consistent. `rules` and `recent` are as in `needs_refold`.
    """
    start = {"ExclusiveStartKey": attributes(dict(zip(("pk", "sk"), scan.after, strict=True)))} if scan.after else {}
    page = client("dynamodb").scan(
        TableName=table,
        Segment=scan.segments[0],
        TotalSegments=SEGMENTS,
        ProjectionExpression=", ".join(("pk", "sk", *_READ)),
        ExpressionAttributeNames=_READ,
        **start,
    )
    last = page.get("LastEvaluatedKey")
    after = (last["pk"]["S"], last["sk"]["S"]) if last else None
    scan, summaries = scan.on([values(item) for item in page["Items"]], after, now)
    verdicts = (needs_refold(summary, _claim(table, summary), rules, recent) for summary in summaries)
    found = list({one.lead: one for one in verdicts if one is not None}.values())
    return scan.with_found(found), found


def reconcile(table: str, now: int) -> Iterator[TableScan]:
    """Scan the whole table at once, and make each lead due that lags behind its ledger. Yields the scan per page."""
    scan = scan_everywhere(now)
    while scan.ended is None:
        scan, found = step(table, scan, "", now, recent=now)
        for one in found:
            mark_due(table, one.lead, now)
        yield scan


def item_count(table: str) -> int:
    """The approximate number of items in the table, which DynamoDB updates every six hours."""
    return int(client("dynamodb").describe_table(TableName=table)["Table"]["ItemCount"])


def _claim(table: str, summary: SubjectSummary) -> FoldFingerprint | None:
    if not summary.lead:
        return summary.claim
    key = attributes({"pk": summary.lead, "sk": RECORD_KEY})
    item: dict[str, Any] = values(client("dynamodb").get_item(TableName=table, Key=key).get("Item", {}))
    return read_fingerprint(item.get("data", ""), summary.subject)
