"""Errors as pages, which tell nothing about a lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from answers.errors import PageError
from answers.responses import Answer, with_headers
from sales.pages.html import html_answer, language_of
from sales.pages.texts import TEXTS


def problem_page(event: Mapping[str, Any], error: PageError) -> Answer:
    """The page of a rejected request."""
    language = language_of(event)
    say = TEXTS[language]
    text = say[f"problem_{error.kind}"]
    page = html_answer("message.html", language, error.status, title=say["problem_title"], text=text)
    return with_headers(page, error.headers)
