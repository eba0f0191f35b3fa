"""Subjects as values of SES message tags, which may hold only letters, digits, `-` and `_`."""

from __future__ import annotations

import base64


def tag(subject: str) -> str:
    """The subject in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")


def untag(value: str) -> str:
    """The subject in a tag value. Raises ValueError if the value is not a valid tag."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
