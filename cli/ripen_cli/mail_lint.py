"""Static checks of mails: findings with file and line number, without sending."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml.html import document_fromstring

from adapters.delivery.mailer import Rendered
from adapters.mail.links import Links
from adapters.mail.markup import UNREADABLE, Element, parsed
from adapters.rules.rule_files import build
from ripen.config.text_files import read_text
from ripen.config.upload_limits import LAYOUT
from ripen.errors import InvalidConfigurationError, MailTemplateError
from ripen.messages.mail_context import MailContext
from ripen_cli.mail_sample import PUBLIC_URL, Kit, fill_in, letter_of, sample_lead

ERROR, WARNING = "error", "warning"
MOST_BYTES = 102 * 1024
"""Gmail clips larger mails. Source: https://support.google.com/mail/answer/6594"""

MANY_BYTES = 90 * 1024
LONG_SUBJECT = 78
"""Characters. Source: recommended line length in RFC 5322, section 2.1.1; inboxes rarely show more."""

_JINJA = re.compile(r"\{%.*?%\}", re.DOTALL)
_WEB = re.compile(r"https?://[^\s<>\"']+")
_DEFAULTS = re.compile(r"<mj-attributes\b.*?(?:</mj-attributes\s*>|$)", re.DOTALL | re.IGNORECASE)
_HERE = re.compile(r"(localhost|127\..*|0\.0\.0\.0|\[::1?\]|.*\.local(host)?)", re.IGNORECASE)
_QUOTED = re.compile(r"'([^']+)'")
_PAGES = (("unsubscribe", "to unsubscribe"), ("preferences", "to the preferences"))


class Finding(NamedTuple):
    """One problem at one place in a file."""

    file: str
    line: int
    severity: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.text}"


def lint(files: Mapping[str, bytes]) -> list[Finding]:
    """All findings in the mails among `files`, sorted by file and line."""
    sources = {name: read_text(content, "replace") for name, content in files.items() if name.startswith("mails/")}
    found = [finding for name, source in sources.items() for finding in _in_source(name, source)]
    try:
        kit = Kit(*build(files))
    except InvalidConfigurationError as error:
        found += [_problem(text) for text in error.problems]
    else:
        found += _in_mails(kit, sources)
    return sorted(set(found))


def _problem(text: str) -> Finding:
    place = re.match(r"([^\s:]+)(?::(\d+))?: (.*)", text, re.DOTALL)
    return Finding(place[1], int(place[2] or 1), ERROR, place[3]) if place else Finding("rules", 1, ERROR, text)


# ---------------------------------------------------------------- checks of the source


def _in_source(name: str, source: str) -> Iterator[Finding]:
    if name.endswith(".txt"):
        for link in _WEB.finditer(source):
            if problem := _of_link(link[0]):
                yield Finding(name, _line(source, link.start()), ERROR, problem)
        return
    if UNREADABLE.search(source):
        return  # `build` reports it
    defaults = [found.span() for found in _DEFAULTS.finditer(source)]
    for element in parsed(source):
        if isinstance(element, Element) and not any(start <= element.start < end for start, end in defaults):
            for text in _of_element(element):
                yield Finding(name, _line(source, element.start), ERROR, text)
    if name != LAYOUT and "<mj-preview" not in source:
        yield Finding(name, 1, WARNING, "has no <mj-preview>; add the text that inboxes show after the subject")


def _of_element(element: Element) -> Iterator[str]:
    """The problems of an image without an alt text, or of a broken link."""
    tag, given = element.tag, {one.name: one.meant for one in element.attributes}
    if tag in ("img", "mj-image", "mj-carousel-image") and "alt" not in given:
        yield f'<{tag}> has no alt text; describe the picture, or write alt="" if it is only decoration'
    if tag in ("a", "mj-button") and "href" not in given:
        yield f"<{tag}> has no href"
    for name in ("href", "src"):
        if name in given and (problem := _of_link(given[name])):
            yield f"{name}: {problem}"


def _of_link(link: str) -> str:
    """The problem with a link, or empty. Of a link with Jinja conditions, each form with a scheme is checked."""
    parts = [part.strip() for part in _JINJA.split(link) if part.strip()]
    if not parts:
        return "the link is empty"
    return next((problem for part in parts if (part is parts[0] or "://" in part) and (problem := _of_form(part))), "")


def _of_form(link: str) -> str:
    if link.startswith(("{{", "mailto:", "tel:", "sms:")):
        return ""
    try:
        parts = urlsplit(re.sub(r"\{\{.*?\}\}", "x", link))
    except ValueError:
        return f"{link} is not a valid link"
    wrong = {
        "the link is empty": link == "#",
        f"{link} has no scheme; write https://www.example.com/...": parts.scheme not in ("http", "https"),
        f"{link} has no host": not parts.hostname,
        f"{link} leads to the reader's own machine; write a public host": _HERE.fullmatch(parts.hostname or ""),
        f"{link} is not encrypted; write https": parts.scheme == "http",
    }
    return next((text for text, holds in wrong.items() if holds), "")


# ---------------------------------------------------------------- checks of the rendered mail


def _in_mails(kit: Kit, sources: Mapping[str, str]) -> Iterator[Finding]:
    languages = {language for mail in kit.mails.values() for language in mail}
    if not kit.configuration.mailing.imprint:
        yield Finding(
            "rules/mailing.yaml",
            1,
            ERROR,
            "mailing.imprint: is missing; add it, because every mail must name its sender",
        )
    for name, mail in kit.mails.items():
        first = f"mails/{name}/{next(iter(mail))}.mjml"
        for language in sorted(languages - {*mail}):
            yield Finding(first, 1, WARNING, f"has no version in {language!r}, but other mails have one")
        for language in mail:
            file = f"mails/{name}/{language}.mjml"
            yield from _in_mail(kit, name, language, _Source(file, sources))


class _Source(NamedTuple):
    """The source file of a mail, and the sources of all mails."""

    file: str
    sources: Mapping[str, str]

    def finding(self, severity: str, text: str, place: str = "") -> Finding:
        """A finding on the first line that contains `place`, in this file, its text part or the layout."""
        for file in (self.file, self.file.removesuffix("mjml") + "txt", LAYOUT):
            position = self.sources.get(file, "").find(place)
            if position >= 0:
                return Finding(file, _line(self.sources[file], position), severity, text)
        return Finding(self.file, 1, severity, text)


def _in_mail(kit: Kit, name: str, language: str, source: _Source) -> Iterator[Finding]:
    letter = letter_of(kit, name, language)
    links = Links(PUBLIC_URL, "sample", letter.survey, language)
    try:
        mail = fill_in(kit, letter, sample_lead(kit, language), links)
        fill_in(kit, letter, sample_lead(kit, language, known=False), links)
    except MailTemplateError as error:
        named = _QUOTED.findall(str(error))
        text = f"cannot be rendered for every lead: {error}; add a default(...)"
        yield source.finding(ERROR, text, named[-1] if named else "")
        return
    yield from _rendered(mail, letter, links, source)


def _rendered(mail: Rendered, letter: MailContext, links: Links, source: _Source) -> Iterator[Finding]:
    values = links.values()
    page = document_fromstring(mail.html)
    linked = {link for *_, link, _ in page.iterlinks()}
    for part, targets, shown in (
        ("", linked, page.text_content()),
        (" in its text part", mail.text, mail.text),
    ):
        for name, title in _PAGES:
            if values[f"{name}_url"] not in targets:
                yield source.finding(ERROR, f"has no link {title}{part}; add mail.{name}_url")
        lines = [line for line in letter.imprint.splitlines() if line.strip()]
        if any(line.strip() not in shown for line in lines):
            yield source.finding(ERROR, f"does not show the imprint{part}; add mail.imprint")
    if values["trap_url"] not in linked:
        yield source.finding(WARNING, "has no hidden link, which detects link scanners; add mail.trap_url")
    if len(mail.subject) > LONG_SUBJECT:
        text = f"the subject has {len(mail.subject)} characters; many inboxes cut it off after {LONG_SUBJECT}"
        yield source.finding(WARNING, text, "<mj-title")
    size = len(mail.html.encode())
    if size > MANY_BYTES:
        severity = ERROR if size > MOST_BYTES else WARNING
        yield source.finding(severity, f"has {size} bytes of HTML; Gmail cuts off a mail after {MOST_BYTES}")


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
