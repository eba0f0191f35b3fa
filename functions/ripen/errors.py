"""What can be wrong with what others hand us, each error carrying the data that mends it."""

from __future__ import annotations


class RipenError(Exception):
    """The root of every error that Ripen raises on purpose."""


class InvalidEventError(RipenError):
    """One event was refused: `field` is where, `problem` what is wrong, `expected` what would be right.

    After `retry_after` seconds it may come again, if that is not 0.
    """

    retry_after = 0

    def __init__(self, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{field}: {problem}; expected {expected}")
        self.field = field
        self.problem = problem
        self.expected = expected

    def as_json(self) -> dict[str, str]:
        """The three parts, as the tracking endpoint answers them."""
        return {"field": self.field, "problem": self.problem, "expected": self.expected}


class UnreadableItemError(RipenError):
    """An item of the ledger is not what Ripen writes there; the message names the part, and quotes nothing of it."""


class InvalidConfigurationError(RipenError):
    """The rules are not usable: one line for each problem, each naming file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InvalidPatternError(RipenError):
    """A `when:` is not in the supported subset of EventBridge event patterns; `path` names the key."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class VersionConflictError(RipenError):
    """Someone else wrote the lead record first: read again, fold again."""


class MailRefusedError(RipenError):
    """One mail can never be sent as it is (address, content); sending it again would not help."""


class MailThrottledError(RipenError):
    """SES takes no mail from this account right now; the same mail may go out later."""


class MailOutcomeUnknownError(RipenError):
    """The request was sent and no answer came: the mail may or may not have gone out."""


class MailTemplateError(RipenError):
    """A mail could not be rendered for this lead: a variable that does not exist, or a forbidden operation."""


class DeliveryFailedError(RipenError):
    """A colleague or a system was not reached, and never will be this way."""


class DeliveryDelayedError(RipenError):
    """A system takes nothing right now, or did not answer; it may be told again, and perhaps is told twice then."""
