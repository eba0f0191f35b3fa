"""Mail addresses per network and hour, counted across all copies of the tracking function: one small item each."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client, error_code
from adapters.tracking.rate_counters import cannot_tell
from ripen.events.networks import Place
from ripen.events.rate_limits import NewAddresses
from ripen.events.sources import Source
from ripen.storage.ledger import counter_key
from ripen.times import HOUR, SECOND, to_iso

_ROOM = "attribute_not_exists(addresses) OR contains(addresses, :one) OR size(addresses) < :most"


def is_one_too_many(table: str, newcomers: NewAddresses, source: Source, place: Place, digest: str) -> bool | None:
    """Count the address with this digest. True if it is new in its network and hour, and these are at their limit.

    None if the table cannot be reached, which is logged.
    """
    limit = source.addresses_per_network_and_hour
    known = newcomers.known(source.name, place)
    if limit is None or digest in known:
        return False
    if len(known) >= limit:
        return True
    try:
        answer = client("dynamodb", impatient=True).update_item(
            TableName=table,
            Key={"pk": {"S": counter_key(source.name, place.digest)}, "sk": {"S": to_iso(place.begins)}},
            UpdateExpression="ADD addresses :added SET #ttl = :ttl",
            ConditionExpression=_ROOM,
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={
                ":added": {"SS": [digest]},
                ":one": {"S": digest},
                ":most": {"N": str(limit)},
                ":ttl": {"N": str((place.ends + HOUR) // SECOND)},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error_code(error) == "ConditionalCheckFailedException":
            counted = error.response.get("Item", {}).get("addresses", {}).get("SS", ())
            newcomers.learn(source.name, place, known | {*counted})
            return True
        cannot_tell(error)
        return None
    newcomers.learn(source.name, place, {*answer["Attributes"]["addresses"]["SS"]})
    return False
