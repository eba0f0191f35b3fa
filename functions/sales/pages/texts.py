"""The texts of the pages for colleagues, in each supported language."""

from __future__ import annotations

from collections.abc import Mapping

_EN = {
    "failed": "Error",
    "problem_title": "This did not work",
    "problem_link": "The link is not complete, or it was changed. Open it in the mail again, with all its characters.",
    "problem_method": "A page can be opened and a form can be sent. Nothing else is possible here.",
    "problem_type": "The form was not sent by a browser.",
    "problem_large": "The form is too large.",
    "problem_form": "The form could not be read.",
    "problem_busy": "Too many requests at the moment. Please try again in a minute.",
}

_DE = {
    "failed": "Fehler",
    "problem_title": "Das hat nicht geklappt",
    "problem_link": "Der Link ist nicht vollständig oder wurde verändert. Öffnen Sie ihn noch einmal in der Mail, mit "
    "allen Zeichen.",
    "problem_method": "Eine Seite lässt sich öffnen und ein Formular absenden. Anderes ist hier nicht möglich.",
    "problem_type": "Das Formular hat kein Browser abgeschickt.",
    "problem_large": "Das Formular ist zu groß.",
    "problem_form": "Das Formular lässt sich nicht lesen.",
    "problem_busy": "Im Moment gibt es zu viele Anfragen. Bitte versuchen Sie es in einer Minute noch einmal.",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "de": _DE}
