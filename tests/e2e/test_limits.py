"""The deployed tracking function may count the events of all its copies in the table."""

import json
import time
import urllib.error
import urllib.request

METERED_KEY = "a-metered-key"


def send(cloud, number):
    """The status of a request with ten events."""
    batch = [
        {"type": "track", "event": "Tool Used", "userId": f"metered-{number}", "messageId": f"m{number}-{n}"}
        for n in range(10)
    ]
    body = json.dumps({"writeKey": METERED_KEY, "batch": batch}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{cloud.track_url.rstrip('/')}/v1/batch", body)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_events_of_a_limited_source_are_counted_in_the_table(cloud):
    # Two minutes take 80 events: should one end meanwhile, the ninth request is too much all the same.
    statuses = [send(cloud, number) for number in range(9)]

    counters = cloud.client("dynamodb").query(
        TableName=cloud.table,
        KeyConditionExpression="pk = :source",
        ExpressionAttributeValues={":source": {"S": "L#metered"}},
    )["Items"]
    assert set(statuses) == {200, 429}
    assert sum(int(counter["events"]["N"]) for counter in counters) == 10 * statuses.count(200)
    assert all(int(counter["ttl"]["N"]) > time.time() for counter in counters)
