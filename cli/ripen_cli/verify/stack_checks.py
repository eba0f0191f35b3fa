"""Checks of the stack itself: functions, table, alarms, dead letters, and the rules that are live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from adapters.rules.active import stored
from adapters.runtime.clients import client
from ripen.config.configuration import Privacy
from ripen.times import DAY, parse_duration
from ripen_cli.verify.finding import Finding, failed, judge, ok
from services.publishing import last_report

_FUNCTIONS = (
    "TrackFunction",
    "ScoreFunction",
    "TriggerFunction",
    "PublishFunction",
    "RehearseFunction",
    "SalesFunction",
)
_FEW_COPIES = 100
"""The number of concurrent executions below which a flood of visitors holds up everything else."""


def function_checks(found: Mapping[str, str]) -> Iterator[Finding]:
    """State and triggers of the functions, and the concurrency of the account."""
    states = {}
    for name in _FUNCTIONS:
        told = client("lambda").get_function_configuration(FunctionName=found[name])
        if told.get("State", "Active") != "Active" or told.get("LastUpdateStatus", "Successful") != "Successful":
            states[name] = f"{told.get('State')}, {told.get('LastUpdateStatusReason', told.get('LastUpdateStatus'))}"
    troubles = ", ".join(f"{name}: {state}" for name, state in states.items())
    yield judge("functions", not states, troubles or "all six are active", "deploy the stack again and read its events")
    pages = client("lambda").get_paginator("list_event_source_mappings").paginate()
    own = {found[name] for name in _FUNCTIONS}
    mappings = [one for page in pages for one in page["EventSourceMappings"]]
    ours = [one for one in mappings if one["FunctionArn"].split(":function:")[-1].split(":")[0] in own]
    off = [one["FunctionArn"].split(":")[-1] for one in ours if one["State"] != "Enabled"]
    yield judge(
        "triggers",
        bool(ours) and not off,
        f"off: {', '.join(off)}" if off else f"{len(ours)} on",
        "enable the event source mapping of the function: Lambda console, Configuration, Triggers",
    )
    limit = client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    yield judge(
        "concurrency",
        limit >= _FEW_COPIES,
        f"{limit} copies of functions at a time in this account and region",
        "ask AWS for 1000: Service Quotas, Lambda, Concurrent executions",
    )


def table_checks(table: str) -> Iterator[Finding]:
    """Expiry and backups of the ledger."""
    expiry = client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    yield judge(
        "expiry of events",
        expiry["TimeToLiveStatus"] == "ENABLED",
        f"time to live is {expiry['TimeToLiveStatus'].lower()}",
        "deploy the stack again, or turn it on for the attribute ttl in the DynamoDB console",
    )
    backups = client("dynamodb").describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    yield judge(
        "backups",
        status == "ENABLED",
        f"point-in-time recovery is {status.lower()}",
        "deploy the stack again, or turn it on in the DynamoDB console under Backups",
    )


def alarm_checks(found: Mapping[str, str]) -> Iterator[Finding]:
    """Who hears of alarms, and which of them are on."""
    topic = found.get("AlarmTopic", "")
    if not topic:
        yield failed("alarm address", "nobody gets a mail", "deploy with the parameter AlarmAddress")
    else:
        pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        subscriptions = [one for page in pages for one in page["Subscriptions"]]
        confirmed = [one for one in subscriptions if one["SubscriptionArn"].startswith("arn:")]
        yield judge(
            "alarm address",
            bool(confirmed),
            f"{len(confirmed)} of {len(subscriptions)} confirmed",
            "click the link in the mail of AWS Notifications; deploy again if it has expired after three days",
        )
    names = [physical for logical, physical in found.items() if logical.endswith("Alarm")]
    on: list[str] = []
    for start in range(0, len(names), 100):
        told = client("cloudwatch").describe_alarms(AlarmNames=names[start : start + 100], StateValue="ALARM")
        on += [one["AlarmName"] for one in told["MetricAlarms"]]
    yield judge(
        "alarms",
        not on,
        f"on: {', '.join(sorted(on))}" if on else f"none of {len(names)} is on",
        "see Alarms in operate.md",
    )


def dead_letter_check(urls: Sequence[str]) -> Finding:
    """Messages in the dead-letter queues."""
    name = "ApproximateNumberOfMessages"
    told = [client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name]) for url in urls]
    count = sum(int(one["Attributes"][name]) for one in told)
    return judge("dead letters", not count, f"{count} wait" if count else "none", "see ripen dead-letters list")


def rule_checks(bucket: str, retention_days: int) -> Iterator[Finding]:
    """The rules that are live, whether they fit `RetentionDays`, and what became of the last upload."""
    try:
        active = stored(bucket)
    except ValidationError:
        yield failed("rules", "what is live cannot be read", "upload any rule file again: ripen rules push")
        return
    if active is None:
        yield failed("rules", "none are live", "upload rules and mails: ripen rules push infra --yes")
        return
    yield ok("rules", f"version {active.version} is live since {active.activated_at[:16].replace('T', ' ')}")
    yield from end_checks(active.configuration.privacy, retention_days)
    report = last_report(bucket)
    if report.get("waits"):
        yield failed("last upload", "waits for a yes", f"ripen rules activate {report['version']}, or upload again")
    else:
        good = bool(report.get("activated"))
        yield judge("last upload", good, "is live" if good else "is not live", "ripen rules status says why")


def end_checks(privacy: Privacy, retention_days: int) -> Iterator[Finding]:
    """Whether leads are erased after the end of the relationship before its event expires, if they are to be."""
    after = privacy.erase_after_end
    if after is None:
        return
    yield judge(
        "end of relationships",
        parse_duration(after) < retention_days * DAY,
        f"privacy.erase_after_end is {after}, and events are kept for {retention_days} days",
        f"an end is forgotten when its event expires: set erase_after_end below {retention_days}d, or deploy with more "
        "RetentionDays",
    )
