"""Languages by their codes in ISO 639-1, and texts that exist in one or several of them.

A text is either plain, and then the same in all languages, or a mapping of languages to texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ByLanguage = str | Mapping[str, str]

_ISO_639_1 = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et
eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk
kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny
oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk
tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_ISO_639_1.split())
"""Source: https://www.loc.gov/standards/iso639-2/php/code_list.php."""


def in_language(text: ByLanguage, language: str, default: str) -> str:
    """The text in `language`, else in the `default` language, else in any; empty if there is none."""
    if isinstance(text, str):
        return text
    return next((text[one] for one in (language, default, *text) if text.get(one)), "")


def speaks(text: ByLanguage, language: str) -> bool:
    """True if the text exists in this language; a plain text does in all."""
    return isinstance(text, str) or language in text


def versions(text: ByLanguage) -> Iterable[str]:
    """The text in all languages in which it exists."""
    return (text,) if isinstance(text, str) else text.values()


def best_language(available: Mapping[str, object], wanted: object, otherwise: str) -> str:
    """The first available language: `wanted`, `wanted` without its region (`de-AT`), `otherwise`, or any."""
    own = wanted.lower() if isinstance(wanted, str) else ""
    return next(one for one in (own, own[:2], otherwise, *available) if one in available)


def problem_of(code: str) -> str:
    """The problem of an unknown language code, with its remedy; empty if the code is known."""
    if code in CODES:
        return ""
    return f"{code!r} is not a language; write its two small letters of ISO 639-1, such as de for German"
