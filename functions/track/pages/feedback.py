"""A rating from 0 to 10 with a reason and a comment.

The link in the mail preselects a rating on the form, and the page says that nothing is stored yet. Only the submitted
form counts, because link scanners open all eleven links.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from answers.errors import PageError
from answers.responses import Answer
from ripen.config.rating_scale import USUAL
from ripen.languages import in_language
from track.pages.html import html_answer
from track.pages.page_request import PageRequest, Told, record_or_refuse
from track.pages.texts import TEXTS

MAX_COMMENT = 2_000
"""Characters."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SCORES = {str(score): score for score in range(11)}


def show(visit: PageRequest) -> Answer:
    """The form. Raises PageError if the survey does not exist."""
    return _form(visit, _survey(visit), _SCORES.get(visit.query.get("s", "")))


def take(visit: PageRequest) -> Answer:
    """Store the rating; if a field is missing or too long, show the filled form with an error (400)."""
    survey, say = _survey(visit), TEXTS[visit.language]
    score = _SCORES.get(visit.sent("score"))
    reason = next((one["key"] for one in survey["reasons"] if one["key"] == visit.sent("reason")), "")
    comment = _CONTROLS.sub("", visit.sent("comment").replace("\r\n", "\n")).strip() if survey["comment"] else ""
    filled: dict[str, Any] = {"reason": reason, "comment": comment, "status": 400}
    if score is None:
        return _form(visit, survey, None, failed=say["score_missing"], **filled)
    if len(comment) > MAX_COMMENT:
        trouble = say["comment_long"].format(given=len(comment), most=MAX_COMMENT)
        return _form(visit, survey, score, failed=trouble, **filled)
    answer: dict[str, Any] = {"survey": visit.query["survey"], "score": score, "reason": reason, "comment": comment}
    # A different answer is a new event; the same answer sent twice counts once.
    digest = hashlib.sha256(repr(answer).encode()).hexdigest()[:16]
    record_or_refuse(visit, f"feedback_{digest}", Told("Feedback Given", answer))
    return html_answer("message.html", visit.language, visit.site, title=say["thanks_title"], text=say["thanks_text"])


def _survey(visit: PageRequest) -> Mapping[str, Any]:
    survey: Mapping[str, Any] | None = visit.site["surveys"].get(visit.query.get("survey", ""))
    if survey is None:
        raise PageError(404, "survey")
    return survey


def _scale(visit: PageRequest, survey: Mapping[str, Any]) -> Mapping[str, str]:
    """The words for 0 and 10. A public configuration that was stored before surveys had a scale has the usual ones."""
    ends: Mapping[str, Mapping[str, str]] = survey.get("scale", USUAL)
    return {end: in_language(ends[end], visit.language, visit.site["language"]) for end in ("low", "high")}


def _form(
    visit: PageRequest, survey: Mapping[str, Any], score: int | None, reason: str = "", comment: str = "", **more: Any
) -> Answer:
    usual, say = visit.site["language"], TEXTS[visit.language]
    reasons = [
        {"value": one["key"], "title": in_language(one["title"], visit.language, usual), "on": one["key"] == reason}
        for one in survey["reasons"]
    ]
    if reasons:
        reasons.append({"value": "", "title": say["reason_none"], "on": not reason})
    return html_answer(
        "feedback.html",
        visit.language,
        visit.site,
        title=in_language(survey["question"], visit.language, usual),
        score=score,
        scale=say["scale"].format(**_scale(visit, survey)),
        chosen=say["chosen"].format(score=score) if score is not None and not more else "",
        reasons=reasons,
        asks_comment=survey["comment"],
        comment=comment,
        longest=MAX_COMMENT,
        **more,
    )
