"""`ripen mail`: preview mails, send a test mail, and check all mails."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from adapters.delivery import mailer
from adapters.mail.links import Links
from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError, MailRefusedError, MailTemplateError, RipenError
from ripen.languages import best_language
from ripen.leads.lead import Lead
from ripen.messages.mail_context import MailContext
from ripen_cli.deployment import Deployment, deployable, deployed, now, telling_errors
from ripen_cli.mail_kinds import kind_of, kinds
from ripen_cli.mail_lint import ERROR, lint
from ripen_cli.mail_preview import page
from ripen_cli.mail_sample import PUBLIC_URL, Kit, fill_in, letter_of, sample_lead
from ripen_cli.project import ROOT, RULES, rule_files
from ripen_cli.reading import read_lead

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=RULES,
    help="The folder with mails/ and rules/; the default is infra.",
)
_language = click.option(
    "--language", help="Two lowercase letters, such as de; the default is the language in mailing.yaml."
)


@click.group()
def mail() -> None:
    """Preview, test and check mails."""


@mail.command()
@click.argument("name")
@click.option("--lead", "who", help="Use the values of this lead: an anonymousId, a userId or an address.")
@_language
@click.option("--no-open", is_flag=True, help="Write the page, but do not open it.")
@_folder
@deployable
def preview(  # noqa: PLR0913, PLR0917 - one for each option
    find: Callable[[], Deployment], name: str, who: str | None, language: str | None, no_open: bool, folder: Path
) -> None:
    """Write build/mails/NAME.<language>.html and open it: the mail on a phone, on a desktop, and as text."""
    kit = _kit(folder)
    found, sender = None, ""
    if who:
        with telling_errors():
            deployment = find()
            found, sender = read_lead(deployment, who, now()).lead, deployment.sender
    own = str(found.traits.get("language", "")) if found else ""
    letter = _letter(kit, name, language, own)
    filled = _filled(kit, letter, found or sample_lead(kit, letter.language), PUBLIC_URL)
    target = ROOT / "build" / "mails" / f"{name}.{letter.language}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(filled, letter, kind_of(kit.configuration, name), sender), encoding="utf-8")
    click.echo(f"Written: {target}")
    if not no_open:
        webbrowser.open(target.as_uri())


@mail.command()
@click.argument("name")
@click.option("--to", "recipient", required=True, help="The address that gets the mail.")
@_language
@_folder
@deployed
def test(deployment: Deployment, name: str, recipient: str, language: str | None, folder: Path) -> None:
    """Send one mail with sample values, marked as a test, through SES of a deployment."""
    kit = _kit(folder)
    letter = _letter(kit, name, language)
    filled = _filled(kit, letter, sample_lead(kit, letter.language), deployment.public_url)
    marked = filled._replace(subject=f"[Test] {filled.subject}")
    sender = letter.from_address or deployment.sender
    envelope = mailer.envelope(letter, Links(deployment.public_url, ""), sender, recipient)
    try:
        # Without a one-click unsubscribe URL and tags, the test mail produces no events of a lead.
        mime = mailer.build(marked, replace(envelope, unsubscribe_url=""))
        mailer.send(mime, sender, recipient, "", {})
    except MailRefusedError as error:
        raise click.ClickException(f"the mail cannot be sent: {error}") from None
    except RipenError as error:
        raise click.ClickException(f"SES rejected the mail: {error}") from None
    click.echo(f"Sent to {recipient}: {marked.subject}")


@mail.command("lint")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=RULES)
def lint_command(folder: Path) -> None:
    """Check all mails in FOLDER (default: infra); prints one line per problem, with file and line number.

    Says as well which mails go out after an unsubscription.
    """
    files = rule_files(folder)
    found = lint(files)
    for finding in found:
        click.echo(str(finding), err=finding.severity == ERROR)
    with suppress(InvalidConfigurationError):  # told above
        for line in kinds(Kit(*build(files))):
            click.echo(line)
    errors = sum(finding.severity == ERROR for finding in found)
    click.echo(f"{errors} errors, {len(found) - errors} warnings.")
    if errors:
        raise SystemExit(1)


def _kit(folder: Path) -> Kit:
    try:
        return Kit(*build(rule_files(folder)))
    except InvalidConfigurationError as error:
        raise click.ClickException("\n".join(error.problems)) from None


def _letter(kit: Kit, name: str, language: str | None, own: str = "") -> MailContext:
    if name not in kit.mails:
        raise click.ClickException(f"there is no mail {name!r}; known: {', '.join(sorted(kit.mails))}")
    languages = kit.mails[name]
    if language and language not in languages:
        raise click.ClickException(f"{name} has no version in {language!r}; known: {', '.join(sorted(languages))}")
    return letter_of(kit, name, language or best_language(languages, own, kit.configuration.mailing.language))


def _filled(kit: Kit, letter: MailContext, lead: Lead, public_url: str) -> mailer.Rendered:
    try:
        return fill_in(kit, letter, lead, Links(public_url, "", letter.survey, letter.language))
    except MailTemplateError as error:
        raise click.ClickException(f"{letter.mail} cannot be rendered: {error}") from None
