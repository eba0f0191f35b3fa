"""CPU to render, build and send one mail, against one `send_email` call with the same bytes.

The mail is a starter mail with its layout; signing the link tokens is included. Most of the difference is the standard
library's `email`, which parses and folds each header; rendering takes a fifth of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.alternate import compare
from boto3.session import Session

from adapters.delivery import mailer
from adapters.identity import link_tokens
from adapters.mail.links import Links
from adapters.rules.rule_files import build
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.mail_context import mail_context

_CALLS = 20
_KEYS = (b"k" * 64,)
_NOW = 1_795_255_200_000
_FOLDER = Path(__file__).parents[1] / "infra"
_SENDER, _RECIPIENT = "hello@example.com", "ada@example.com"


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    files = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in _FOLDER.rglob("*.[mty]*")}
    configuration, mails, version = build(
        {name: content for name, content in files.items() if name.startswith(("rules/", "mails/"))}
    )
    traits = {"firstName": "Ada", "lastName": "Lovelace", "company": "Example", "email": _RECIPIENT}
    event = Event("1", "Identified", _NOW, "website", traits=traits)
    lead = fold("a:ada", [event], compile_rules(configuration, version), _NOW)
    written = mail_context(configuration, "onboarding", "first-steps", "first-steps", "en")
    template = mails["first-steps"]["en"]
    tags = {"lead": "YTphZGE", "intent": "onboarding_first-steps_1"}

    def mime() -> bytes:
        page_token = link_tokens.issue_page(_KEYS, lead.subject, "I#" + "0" * 64, tags["intent"], _NOW)
        token = link_tokens.issue(_KEYS, lead.subject, "I#" + "0" * 64, _NOW)
        links = Links("https://go.example", page_token, "first-steps", "en")
        mail = mailer.render(template, mailer.facts(lead, written, links, token))
        return mailer.build(mail, mailer.envelope(written, links, _SENDER, _RECIPIENT))

    client, made = Session().client("sesv2"), mime()

    def floor() -> None:
        client.send_email(
            FromEmailAddress=_SENDER,
            Destination={"ToAddresses": [_RECIPIENT]},
            Content={"Raw": {"Data": made}},
            ConfigurationSetName="set",
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
        )

    def value() -> None:
        mailer.send(mime(), _SENDER, _RECIPIENT, "set", tags)

    print(compare(floor, value, rounds, _CALLS, events=1))


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 60)
