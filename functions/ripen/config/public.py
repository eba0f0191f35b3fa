"""What the pages behind mails and the offers on websites are made of: the part of the rules that the public sees."""

from __future__ import annotations

import json

from ripen.config.configuration import Configuration, Mails
from ripen.errors import InvalidConfigurationError

MAX_BYTES = 300_000
"""DynamoDB takes 400 KB an item."""


def dump_site(configuration: Configuration, mails: Mails) -> str:
    """JSON: `offers`, `surveys`, `categories` (titles), `imprint`, `opt_in`, `from_name`, `language`, `languages`.

    The texts in it are by language; `languages` are those in which there are mails. Raises
    InvalidConfigurationError when it is too large for one item of the table.
    """
    mailing = configuration.mailing
    site = {
        "offers": {name: offer.model_dump(mode="json") for name, offer in configuration.offers.items()},
        "surveys": {name: survey.model_dump(mode="json") for name, survey in mailing.surveys.items()},
        "categories": {name: category.title for name, category in mailing.categories.items()},
        "imprint": mailing.imprint,
        "opt_in": mailing.opt_in,
        "from_name": mailing.from_name,
        "language": mailing.language,
        "languages": sorted({language for mail in mails.values() for language in mail} | {mailing.language}),
    }
    text = json.dumps(site, ensure_ascii=False)
    if (size := len(text.encode())) > MAX_BYTES:
        trouble = f"offers, categories, surveys, imprint and opt_in have {size} bytes together; at most {MAX_BYTES}"
        raise InvalidConfigurationError([f"rules/offers.yaml: {trouble}"])
    return text
