"""SES message tags, whose values may hold only letters, digits, `-` and `_`."""

from __future__ import annotations

import base64


def tag(subject: str) -> str:
    """The subject in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(subject.encode()).decode().rstrip("=")


def untag(value: str) -> str:
    """The subject in a tag value. Raises ValueError if the value is not a valid tag."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def feedback(campaign: str, category: str) -> dict[str, str]:
    """The tags that SES puts into the header `Feedback-ID`, by which mailbox providers group complaints.

    SES writes this header itself, so a mail has none of its own. Source:
    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html
    """
    return {"ses:feedback-id-a": campaign} | ({"ses:feedback-id-b": category} if category else {})
