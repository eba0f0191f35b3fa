"""The exceptions that Ripen raises on purpose."""

from __future__ import annotations


class RipenError(Exception):
    """The base class of every exception that Ripen raises on purpose."""


class InvalidFieldError(RipenError):
    """A value from outside is invalid: `field` names the place, `problem` the fault and `expected` a valid value."""

    def __init__(self, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{field}: {problem}; expected {expected}")
        self.field = field
        self.problem = problem
        self.expected = expected

    def as_json(self) -> dict[str, str]:
        """The three parts, as endpoints return them."""
        return {"field": self.field, "problem": self.problem, "expected": self.expected}


class InvalidEventError(InvalidFieldError):
    """An event is invalid. The sender may retry after `retry_after` seconds, unless that is 0."""

    retry_after = 0


class InvalidDecisionError(InvalidFieldError):
    """A decision of sales is invalid."""


class LeadGoneError(RipenError):
    """No decision about a lead is possible: `reason` is unknown, erased or withdrawn (its consent)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the lead is {reason}")
        self.reason = reason


class InvalidResultError(InvalidFieldError):
    """A result that a CRM tells is invalid."""


class UnreadableItemError(RipenError):
    """A ledger item does not have the form that Ripen writes; the message names the part and quotes no content."""


class InvalidConfigurationError(RipenError):
    """The rules or mails are invalid; `problems` has one line for each problem and names the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnreadableTextError(RipenError):
    """A file is no text in UTF-8, from a line and column on (both from 1); `problem` says why, and what to do."""

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(f"{line}:{column}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


class InvalidPatternError(RipenError):
    """A `when:` is outside the supported subset of EventBridge event patterns; `path` names the key."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class VersionConflictError(RipenError):
    """Another process writes or has changed the same item, or a merge of the lead is under way; read and fold again."""


class MailRefusedError(RipenError):
    """The mail cannot be sent because of its address or content; a retry cannot succeed."""


class MailThrottledError(RipenError):
    """SES accepts no mail at the moment; a retry may succeed. `limit` is a value of `ripen.messages.holds.Limit`."""

    def __init__(self, reason: str, limit: str = "other") -> None:
        super().__init__(reason)
        self.limit = limit


class MailOutcomeUnknownError(RipenError):
    """The send request has no clear answer; the mail may or may not be sent."""


class MailTemplateError(RipenError):
    """A mail could not be rendered for this lead: it uses an undefined variable or a forbidden operation."""


class DeliveryFailedError(RipenError):
    """A delivery to a recipient failed; a retry cannot succeed."""


class DeliveryDelayedError(RipenError):
    """A webhook receiver is unavailable or did not answer; a retry may succeed, and may deliver twice."""
