"""Compiles the mail files of an upload into templates: checks them, applies the layout, and adds a text part.

An MJML file holds a whole mail, or only its content; `mails/layout.mjml` then goes around the content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from mjml import mjml2html

from adapters.mail.jinja import broken, template_problems, uses
from adapters.mail.links import mark_html, mark_text, unsafe_links
from adapters.mail.markup import UNREADABLE, title_text
from adapters.mail.mjml_lint import mjml_problems, place_of
from adapters.mail.plaintext import text_of
from adapters.mail.sandbox import MOST_LETTERS
from ripen.config.configuration import MailTemplate
from ripen.config.text_files import read_text
from ripen.config.upload_limits import LAYOUT, is_read
from ripen.errors import UnreadableTextError
from ripen.messages.salutation import LANGUAGES

_PLACE = re.compile(r"<mj-content\s*/>")
_HEAD = re.compile(r"<(mj-title|mj-preview)\s*>(.*?)</\1\s*>", re.DOTALL)
_TITLE = re.compile(r"<mj-title\s*>(.*?)</mj-title\s*>", re.DOTALL)
_FIRST = re.compile(r"<!--.*?-->|<(mj-[a-z-]+)", re.DOTALL)
_HEAD_END = "</mj-head>"
_MISSING = {"mj-body": (), "mj-section": ("mj-section",), "mj-column": ("mj-section", "mj-column")}
"""Elements to put around content, by the element that the content belongs in."""

_JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_STAND_IN = "\ue000"
_CONTENT_STAND_IN = "\ue001"
_CONTENT = f"<mj-title>-</mj-title><mj-text>{_CONTENT_STAND_IN}</mj-text>"

MOST_PROBLEMS = 200
"""Most problems reported at once; after that many, further mails are not checked."""

_LONGEST_PROBLEM = 500

Mails = dict[str, dict[str, MailTemplate]]

Reading = Callable[[str, Sequence[str]], None]
"""A callback before each file is read. It gets the file's name and the problems found before."""


class Piece(NamedTuple):
    """A part of the MJML to compile: its text, its source file, and its first line in that file."""

    text: str
    name: str
    line: int = 1


def untold(name: str, troubles: Sequence[str]) -> None:
    """Ignores its arguments: a `Reading` without effect."""


def read_mails(files: Mapping[str, bytes], troubles: list[str], reading: Reading = untold) -> Mails:
    """All mails in `files`, by name and language. Problems are added to `troubles`, one line each."""
    texts: dict[str, str] = {}
    for name in sorted(files):
        if name.startswith("mails/") and is_read(name) and len(troubles) < MOST_PROBLEMS:
            reading(name, troubles)
            troubles += _read(name, files, texts)
    layout = texts.get(LAYOUT)
    names = [name for name in texts if name != LAYOUT and name.endswith(".mjml")]
    if layout is None:
        alone = [name for name in names if _is_content(texts[name])]
        names = [name for name in names if name not in alone]
        if alone and LAYOUT not in files:
            more = f" and {len(alone) - 1} more" if alone[1:] else ""
            troubles.append(f"{LAYOUT}: is missing; {alone[0]}{more} have no <mjml>, and need it around them")
    mails: Mails = {}
    for name in names:
        folder, language = name.split("/")[1], name[-7:-5]
        reading(name, troubles)
        try:
            mails.setdefault(folder, {})[language] = compile_template(name, texts, layout or "")
        except UnusableError as error:
            if str(error) not in troubles:  # a problem of the layout is one of every mail
                troubles.append(str(error))
    return mails


def _is_content(source: str) -> bool:
    """True if a mail holds only its content, and needs the layout."""
    return "<mjml" not in source


class UnusableError(Exception):
    """A mail cannot be compiled; the message names the file and the line."""


def _read(name: str, files: Mapping[str, bytes], texts: dict[str, str]) -> list[str]:
    """The problems of one file on its own. If there are none, its text is added to `texts`."""
    if name.endswith(".txt") and name.removesuffix("txt") + "mjml" not in files:
        return [f"{name}: has no {name[-6:-4]}.mjml in the same folder; add it"]
    try:
        source = read_text(files[name])
    except UnreadableTextError as error:
        return [f"{name}:{error.line}: is not text in UTF-8: {error.problem}"]
    wrong = islice(file_problems(name, source), MOST_PROBLEMS)
    found = [f"{name}:{line}: {problem[:_LONGEST_PROBLEM]}" for line, problem in wrong]
    if not found:
        texts[name] = source
    return found


def file_problems(name: str, source: str) -> Iterator[tuple[int, str]]:
    """The problems of one file on its own, each with its line."""
    if name.endswith(".txt"):
        yield from template_problems(source)
        return
    if unreadable := UNREADABLE.search(source):
        yield _line(source, unreadable.start()), "<![ is not allowed in a mail; write &lt;!["
        return
    found = [*template_problems(source, markup=True), *mjml_problems(source, layout=name == LAYOUT)]
    yield from found
    if found:
        return
    if name == LAYOUT:
        if len(_PLACE.findall(source)) != 1:
            yield 1, "needs <mj-content /> exactly once, at the place of each mail's content"
        if _HEAD_END not in source:
            yield 1, f"has no {_HEAD_END}; add it, because the title of each mail is inserted before it"
    elif not (title := _TITLE.search(source)) or not title[1].strip():
        yield 1, "has no <mj-title>; add it, because it is the subject of the mail"


def compile_template(name: str, texts: Mapping[str, str], layout: str) -> MailTemplate:
    """One mail in one language; `texts` are all files of mails by name. Raises UnusableError."""
    source = texts[name]
    title = _TITLE.search(source)
    whole = not _is_content(source)
    page = _page([Piece(source, name)] if whole else compose(name, source, layout), name, texts)
    own = texts.get(name.removesuffix("mjml") + "txt")
    if own is None:
        text = text_of(page)
    elif whole:
        text = mark_text(own)
    else:
        around = text_of(mark_html(_compiled(compose(name, _CONTENT, layout))))
        text = around.replace(_CONTENT_STAND_IN, mark_text(own).strip())
    subject = title_text(" ".join(title[1].split())) if title else ""
    for part in (subject, page, text):
        if problem := broken(part) or _unspoken(part, name[-7:-5]):
            raise UnusableError(f"{name}:1: {problem}")
    return MailTemplate(subject=subject, html=page, text=text)


def _unspoken(part: str, language: str) -> str:
    """The problem of a salutation in a language that has none; empty if there is none."""
    used = [] if language in LANGUAGES else uses(part, ("lead.salutation", "lead.formal_name"))
    known = ", ".join(LANGUAGES)
    return f"{used[0]} exists only in {known}; write the salutation into the mail" if used else ""


def _page(pieces: list[Piece], name: str, texts: Mapping[str, str]) -> str:
    """The compiled HTML of a mail, with its links marked for tracking. Raises UnusableError."""
    page = _compiled(pieces)
    if len(page) > MOST_LETTERS:
        raise UnusableError(f"{name}:1: renders to {len(page)} characters; the limit is {MOST_LETTERS}")
    for position, problem in unsafe_links(page, markup=True):
        raise UnusableError(f"{_place(page, position, name, texts)}: {problem}")
    return mark_html(page)


def compose(name: str, content: str, layout: str) -> list[Piece]:
    """The whole MJML of a mail whose file holds only content.

    Content that belongs in a section or a column gets the missing section and column around it.
    """
    body = _HEAD.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), content)
    first = next((found[1] for found in _FIRST.finditer(body) if found[1]), "mj-section")
    missing = _MISSING[place_of(first)]
    place = _PLACE.search(layout)
    head = layout.find(_HEAD_END)
    if place is None or head < 0:
        raise ValueError("a layout that has no place for content was let through")
    return [
        Piece(layout[:head], LAYOUT),
        *(Piece(found[0], name, _line(content, found.start())) for found in _HEAD.finditer(content)),
        Piece(layout[head : place.start()] + "".join(f"<{tag}>" for tag in missing), LAYOUT, _line(layout, head)),
        Piece(body, name),
        Piece("".join(f"</{tag}>" for tag in reversed(missing)), name, _line(body, len(body))),
        Piece(layout[place.end() :], LAYOUT, _line(layout, place.end())),
    ]


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _place(page: str, position: int, name: str, texts: Mapping[str, str]) -> str:
    """The file and line of the first Jinja2 tag after a position of the compiled page."""
    value = _JINJA.search(page, position)
    for file in (name, LAYOUT):
        if value and value[0] in texts.get(file, ""):
            return f"{file}:{_line(texts[file], texts[file].index(value[0]))}"
    return f"{name}:1"


def _compiled(pieces: list[Piece]) -> str:
    whole = "".join(piece.text for piece in pieces)
    # The compiler repeats the title in an attribute, and puts backslashes before its quotation marks.
    stand_in = _TITLE.sub(lambda found: f"<mj-title>{_STAND_IN}{' ' * (len(found[1].encode()) - 3)}</mj-title>", whole)
    title = _TITLE.search(whole)
    try:
        page = str(mjml2html(stand_in))
    except ValueError as error:
        raise UnusableError(_located(pieces, whole, str(error))) from None
    words = _JINJA.split(" ".join(title[1].split())) if title else []
    return re.sub(rf"{_STAND_IN}\s*", lambda _: "".join(_quoted(word) for word in words), page)


def _quoted(words: str) -> str:
    return words if _JINJA.fullmatch(words) else words.replace('"', "&#34;")


def _located(pieces: list[Piece], whole: str, problem: str) -> str:
    # The MJML compiler gives positions in bytes; problems name lines.
    text, _, place = problem.partition(" at position ")
    start = place.partition(":")[0]
    if not start.isdecimal():
        return f"{pieces[len(pieces) // 2].name}:1: {text}"
    position = len(whole.encode()[: int(start)].decode(errors="ignore"))
    for piece in pieces:
        if position < len(piece.text):
            return f"{piece.name}:{piece.line + piece.text.count(chr(10), 0, position)}: {text}"
        position -= len(piece.text)
    return f"{pieces[-1].name}: {text}"
