"""The pages for colleagues say the same in each language."""

import string

from sales.pages.texts import TEXTS


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_each_language_has_every_text_with_the_same_values():
    english, german = TEXTS["en"], TEXTS["de"]

    assert {*english} == {*german}
    assert {key: fields(text) for key, text in english.items()} == {key: fields(text) for key, text in german.items()}
