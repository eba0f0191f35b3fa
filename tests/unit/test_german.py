"""German as Ripen ships it: "E-Mail" is spelt so in every text, and readers are addressed formally."""

from __future__ import annotations

import re

import pytest

from programmes import CONFIGURATION
from ripen.config.rating_scale import USUAL
from ripen.validation.translations import texts_by_language
from ripen_cli.demo.words import LANGUAGES
from ripen_cli.project import ROOT
from sales.pages.texts import TEXTS as SALES_TEXTS
from track.pages.texts import TEXTS

PLACES = ("infra/mails/*/de.*", "functions/adapters/delivery/handoff_texts/*de.txt", "web/demo/site/de/*.html")
FILES = sorted(path for place in PLACES for path in ROOT.glob(place))
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
READ = re.compile(r'(?:aria-label|alt|placeholder|title|data-(?:answer|low|middle|high|done|ripen-purpose))="([^"]*)"')
TAG = re.compile(r"<[^>]*>")
MAIL = re.compile(r"[\w-]*mail[\w-]*", re.IGNORECASE)
SPELT = re.compile(r"(?:\w+-)*E-Mails?(?:-\w+)*")
FAMILIAR = re.compile(r"\b(?:du|dich|dir|dein\w*|euch|euer|eure\w*)\b", re.IGNORECASE)


def words(source):
    """What a reader of a file sees or hears: its text, and the attributes that are read out."""
    plain = CODE.sub("", source)
    return " ".join([TAG.sub(" ", plain), *READ.findall(plain)])


def german():
    """Each German text, by where it is written."""
    found = {str(path.relative_to(ROOT)): words(path.read_text()) for path in FILES}
    found["pages"] = " ".join(TEXTS["de"].values())
    found["pages of reps"] = " ".join(SALES_TEXTS["de"].values())
    found["demo"] = " ".join(
        language.words[name] for language in LANGUAGES if language.code == "de" for name in language.words
    )
    found["rules"] = " ".join(text["de"] for _, text in texts_by_language(CONFIGURATION))
    found["scale"] = " ".join(end["de"] for end in USUAL.values())
    for path in sorted((ROOT / "docs").rglob("*.md")):
        found[str(path.relative_to(ROOT))] = " ".join(re.findall(r"\bde: ([^{}\n]*)", path.read_text()))
    return found


GERMAN = german()


@pytest.mark.parametrize("place", GERMAN)
def test_mail_is_spelt_as_in_the_dictionary_and_readers_are_addressed_formally(place):
    assert [word for word in MAIL.findall(GERMAN[place]) if not SPELT.fullmatch(word)] == []
    assert FAMILIAR.findall(GERMAN[place]) == []


def test_every_german_text_is_looked_at():
    assert len(FILES) == 32 + 4 + 12
    assert all("E-Mail" in GERMAN[place] for place in ("pages", "rules", "web/demo/site/de/workshop.html"))


@pytest.mark.parametrize(
    "text", ["Email", "eMail", "e-Mail", "E-mail", "Mail", "Mail-Adresse", "Emailadresse", "die Mails"]
)
def test_another_spelling_is_found(text):
    assert any(not SPELT.fullmatch(word) for word in MAIL.findall(text))
