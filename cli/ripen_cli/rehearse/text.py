"""The report of a rehearsal as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.reports.rehearsal import sections, sentence, under_title
from ripen_cli.report.tables import as_text


def text(values: Mapping[str, Any], language: str) -> str:
    """The sentence, then all sections as tables."""
    parts = [sentence(values, language), under_title(values, language)]
    for section in sections(values, language):
        parts.append("\n".join([f"== {section.title} ==", *([section.note] if section.note else [])]))
        if section.rows:
            parts.append(as_text(section.head, section.rows))
    return "\n\n".join(parts)
