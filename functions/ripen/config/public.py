"""The public part of the rules, from which the pages behind mails and the offers on websites are built."""

from __future__ import annotations

import json

from ripen.config.configuration import Configuration, Mails
from ripen.errors import InvalidConfigurationError

MAX_BYTES = 300_000
"""The most bytes of the public configuration; DynamoDB limits an item to 400 KB."""


def dump_site(configuration: Configuration, mails: Mails) -> str:
    """JSON: `offers`, `surveys`, `categories` (titles), `imprint`, `opt_in`, `from_name`, `language`, `languages`.

    Texts are plain or by language; `languages` are those of the mails and the default. Raises
    InvalidConfigurationError if the JSON exceeds MAX_BYTES.
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
        trouble = (
            f"offers, categories, surveys, imprint and opt_in together have {size} bytes; the limit is {MAX_BYTES}"
        )
        raise InvalidConfigurationError([f"rules/offers.yaml: {trouble}"])
    return text
