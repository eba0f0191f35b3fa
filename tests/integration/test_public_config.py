"""The public part of the rules is published with them and takes effect within a minute."""

import json

from adapters.dynamodb.table import get_text, put_text
from adapters.tracking import public_config
from ripen.storage.ledger import SITE_KEY
from ripen.times import MINUTE

MAILING = b"""mailing:
  from_name: Example GmbH
  language: de
  imprint: {de: "Example GmbH, Hauptstra\xc3\x9fe 1"}
  opt_in: {de: "Ja, ich will."}
  categories:
    tips: {title: {de: Tipps, en: Tips}, reason: {de: Sie haben Tipps bestellt}}
  surveys:
    service:
      question: Wie war es?
      reasons: [{key: slow, title: {de: Zu langsam, en: It took too long}}]
"""
OFFERS = b"""offers:
  workshop: {title: {de: Workshop}, text: {de: Los}, button: {de: Anmelden}, link: {de: /workshop}}
"""


def test_publishing_writes_the_public_part_of_the_rules(site, rule_files):
    assert public_config.public_config("ripen", 0)["categories"] == {}

    site.publish({**rule_files, "rules/mailing.yaml": MAILING, "rules/offers.yaml": OFFERS}, 0)

    assert public_config.public_config("ripen", MINUTE - 1)["categories"] == {}, "it is not read for every request"
    seen = public_config.public_config("ripen", MINUTE)
    assert seen["categories"] == {"tips": {"de": "Tipps", "en": "Tips"}}
    assert seen["imprint"] == {"de": "Example GmbH, Hauptstraße 1"}
    assert (seen["from_name"], seen["language"], seen["languages"]) == ("Example GmbH", "de", ["de", "en"])
    assert seen["surveys"]["service"]["reasons"] == [
        {"key": "slow", "title": {"de": "Zu langsam", "en": "It took too long"}}
    ]
    assert seen["offers"]["workshop"]["link"] == {"de": "/workshop"}


def test_the_public_config_of_an_older_version_can_be_read(site):
    put_text("ripen", SITE_KEY, json.dumps({"language": "de"}))

    assert public_config.public_config("ripen", 0)["surveys"] == {}
    assert public_config.public_config("ripen", 0)["language"] == "de"


def test_a_public_config_larger_than_an_item_is_refused_before_anything_changes(site, rule_files):
    topics = "".join(f'    t{n}: {{title: {{de: "{"x" * 900}"}}}}\n' for n in range(200))
    files = {**rule_files, "rules/mailing.yaml": f"mailing:\n  language: de\n  categories:\n{topics}".encode()}
    assert site.publish(files, 0)["activated"]
    before = get_text("ripen", SITE_KEY)

    offers = b"".join(OFFERS.splitlines(keepends=True)[1].replace(b"workshop:", b"o%d:" % n) for n in range(900))
    report = site.publish({**files, "rules/offers.yaml": b"offers:\n" + offers}, 0)

    assert not report["activated"]
    assert "the limit is 300000" in report["problems"][0]
    assert get_text("ripen", SITE_KEY) == before
