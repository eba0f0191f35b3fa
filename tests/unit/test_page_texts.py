import re

import pytest

from ripen.config.schema.mailing import Survey
from ripen_cli.project import ROOT
from track.pages.texts import TEXTS

TEMPLATES = ROOT / "functions" / "track" / "pages" / "templates"


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_all_texts_with_the_same_placeholders(language):
    def blanks(texts):
        return {name: sorted(re.findall(r"\{\w+\}", text)) for name, text in texts.items()}

    assert blanks(TEXTS[language]) == blanks(TEXTS["en"])


def test_every_text_is_used():
    code = "".join(path.read_text() for path in TEMPLATES.parent.rglob("*.*") if path.suffix in (".py", ".html"))
    said = {name for name in TEXTS["en"] if re.search(rf'say\.{name}\b|"{name}"\]|say\["{name}"', code)}

    assert {
        name for name in TEXTS["en"] if not name.startswith(("problem_", "pause_", "about_", "frequency_", "status_"))
    } <= said


def test_reasons_with_the_same_key_are_refused():
    reason = {"key": "slow", "title": {"en": "Slow"}}
    with pytest.raises(ValueError, match="the same key twice"):
        Survey.model_validate({"question": {"en": "How was it?"}, "reasons": [reason, reason]})
