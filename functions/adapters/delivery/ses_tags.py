"""A subject as an SES message tag, whose value may hold letters, digits, `-` and `_` only."""

from __future__ import annotations

import base64


def tag(subject: str) -> str:
    """The subject in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")


def untag(value: str) -> str:
    """The subject that `tag` was given. Raises ValueError for what it never makes."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
