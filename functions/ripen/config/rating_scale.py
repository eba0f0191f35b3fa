"""The words for the ends of a rating's scale, where a survey has none of its own."""

from __future__ import annotations

from collections.abc import Mapping

USUAL: Mapping[str, Mapping[str, str]] = {
    "low": {"en": "very bad", "de": "sehr schlecht"},
    "high": {"en": "very good", "de": "sehr gut"},
}
"""The words for 0 (`low`) and 10 (`high`), by language."""
