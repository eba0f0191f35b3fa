"""What marketers may write, and what is wrong with it: the models behind `rules/*.yaml` and `mails/`.

Each top-level key has a file of its own: `sources` in sources.yaml, `profiles` in scoring.yaml, `phases` in
phases.yaml, `campaigns` in campaigns.yaml,
`conversions` in reports.yaml. Durations are texts such as `90d` (s, m, h, d, w), points are plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ripen.errors import InvalidPatternError
from ripen.event import RIPEN
from ripen.pattern import compile_pattern, fields
from ripen.sources import NO_SOURCES, UNREGISTERED, Source, Sources, digest
from ripen.times import DAY, HOUR, parse_duration

Path = tuple[str | int, ...]


FIELDS = ("event", "properties", "context", "traits")
"""What a condition may look at: see `fold`."""

_CENTURY = 36_500 * DAY


def _long_duration(text: str) -> str:
    duration = parse_duration(text)
    if duration < HOUR:
        raise ValueError(f"{text!r} is shorter than an hour; write 1h or more")
    if duration > _CENTURY:  # timers further away would leave the years that ISO 8601 can write
        raise ValueError(f"{text!r} is longer than a hundred years; write 36500d or less")
    return text


def _condition(pattern: dict[str, Any]) -> dict[str, Any]:
    try:
        compile_pattern(pattern)
    except InvalidPatternError as error:
        raise ValueError(str(error)) from None
    for field in fields(pattern):
        root, _, inner = field.partition(".")
        if root not in FIELDS:
            raise ValueError(f"{field}: is no field of an event; there is {', '.join(FIELDS)}")
        if root == "event" and inner:
            raise ValueError(f"{field}: the event's name is a text; {inner!r} is nothing that it can be compared by")
    return pattern


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
LongDuration = Annotated[str, AfterValidator(_long_duration)]
Pattern = Annotated[dict[str, Any], AfterValidator(_condition)]
Points = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
Threshold = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


WriteKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Origin = Annotated[str, StringConstraints(pattern=r"^(\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?)$")]


class Model(BaseModel):
    """Strict about names: a misspelt key is an error, never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreRule(Model):
    """Points for each event that matches `when`."""

    when: Pattern
    points: Points
    title: str = ""
    once: bool = False
    cap_per_day: Threshold | None = None


class Profile(Model):
    """One score: its rules, and how fast interest fades. Without `half_life` it never does."""

    title: str = ""
    half_life: LongDuration | None = None
    rules: Annotated[dict[Name, ScoreRule], Field(min_length=1)]


class ScoreAtLeast(Model):
    """A profile's score reaches a threshold; it is compared as it is shown, rounded to one decimal."""

    profile: Name
    at_least: Threshold


class ScoreCondition(Model):
    """A profile's score is at or above a threshold, or has faded to less than one."""

    profile: Name
    at_least: Threshold | None = None
    below: Threshold | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ScoreCondition:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("takes exactly one of at_least and below")
        return self


class EntryCondition(Model):
    """One way into a phase, from the phases in `from` (none: from all); all other keys hold at the same time."""

    come_from: Annotated[list[Name], Field(alias="from")] = []
    score: ScoreCondition | None = None
    when: Pattern | None = None
    inactive_for: LongDuration | None = None
    in_phase_for: LongDuration | None = None

    @model_validator(mode="after")
    def _says_something(self) -> EntryCondition:
        if not self.model_fields_set - {"come_from"}:
            raise ValueError("is empty; write score, when, inactive_for or in_phase_for")
        return self


class Phase(Model):
    """A lifecycle phase and the ways into it, any one of which is enough."""

    title: str = ""
    enter: list[EntryCondition] = []


class Start(Model):
    """What starts a campaign: a score reaching a threshold (once per crossing), or a phase being entered.

    With `after`, a score counts only once an event has happened that matches it.
    """

    score: ScoreAtLeast | None = None
    phase: Name | None = None
    after: Pattern | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Start:
        if (self.score is None) == (self.phase is None):
            raise ValueError("takes exactly one of score and phase")
        if self.after is not None and self.score is None:
            raise ValueError("takes after only together with score")
        return self


class Campaign(Model):
    """One mail to each lead for whom `start` becomes true."""

    title: str = ""
    start: Start
    mail: Name


class Conversion(Model):
    """What reports count: each event that matches `when`."""

    title: str = ""
    when: Pattern


class SourceRule(Model):
    """A site or a server that sends events. A browser's key is public; of a server's key only the digest is written."""

    title: str = ""
    kind: Literal["browser", "server"]
    write_key: WriteKey | None = None
    write_key_sha256: Digest | None = None
    origins: list[Origin] = []
    limit_per_minute: Limit | None = None
    limit_per_visitor_and_day: Limit = 5_000

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> SourceRule:
        if self.kind == "browser" and (self.write_key is None or self.write_key_sha256 is not None or not self.origins):
            raise ValueError("a browser has a write_key and the origins of its pages, such as https://www.example.com")
        if self.kind == "server" and (self.write_key_sha256 is None or self.write_key is not None or self.origins):
            raise ValueError(
                "a server has a write_key_sha256, no write_key and no origins; `ripen sources key` makes one"
            )
        return self

    @property
    def key_digest(self) -> str:
        """What the sender's key is known by."""
        return self.write_key_sha256 or digest(self.write_key or "")


class Configuration(Model):
    """All rules that are live at the same time. The first phase is the one where every lead begins."""

    sources: dict[Name, SourceRule] = {}
    profiles: Annotated[dict[Name, Profile], Field(min_length=1)]
    phases: Annotated[dict[Name, Phase], Field(min_length=1)]
    campaigns: dict[Name, Campaign] = {}
    conversions: dict[Name, Conversion] = {}


class MailTemplate(Model):
    """One mail in one language, MJML already compiled to HTML; Jinja2 expressions are still in all three parts."""

    subject: str
    html: str
    text: str


Mails = Mapping[str, Mapping[str, MailTemplate]]
"""Mail name, then language, then template."""


class ActiveConfiguration(Model):
    """What publishing wrote and every function reads: the rules with their version (a digest of rules and mails)."""

    version: str
    activated_at: str
    configuration: Configuration


def compile_sources(configuration: Configuration) -> Sources:
    """The senders as the tracking function looks them up."""
    if not configuration.sources:
        return NO_SOURCES
    return Sources(
        {
            rule.key_digest: Source(
                name, rule.kind == "server", tuple(rule.origins), rule.limit_per_minute, rule.limit_per_visitor_and_day
            )
            for name, rule in configuration.sources.items()
        }
    )


def problems(configuration: Configuration, mails: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Everything the models cannot see on their own: references to what does not exist. Yields (path, problem)."""
    for path, name in _profiles_named(configuration):
        if name not in configuration.profiles:
            yield path, f"there is no profile {name!r}; there is {_list(configuration.profiles)}"
    for path, name in _phases_named(configuration):
        if name not in configuration.phases:
            yield path, f"there is no phase {name!r}; there is {_list(configuration.phases)}"
    keys: dict[str, str] = {}
    for name, rule in configuration.sources.items():
        if name in (RIPEN, UNREGISTERED):
            yield ("sources", name), "is a name that Ripen itself uses; choose another"
        if keys.setdefault(rule.key_digest, name) != name:
            yield ("sources", name), f"has the same key as {keys[rule.key_digest]}; every source needs its own"
    for key, campaign in configuration.campaigns.items():
        if campaign.mail not in mails:
            yield ("campaigns", key, "mail"), f"there is no mail {campaign.mail!r}; there is {_list(mails)}"


def _profiles_named(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    for key, phase in configuration.phases.items():
        for n, condition in enumerate(phase.enter):
            if condition.score:
                yield ("phases", key, "enter", n, "score", "profile"), condition.score.profile
    for key, campaign in configuration.campaigns.items():
        if campaign.start.score:
            yield ("campaigns", key, "start", "score", "profile"), campaign.start.score.profile


def _phases_named(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    for key, phase in configuration.phases.items():
        for n, condition in enumerate(phase.enter):
            for m, name in enumerate(condition.come_from):
                yield ("phases", key, "enter", n, "from", m), name
    for key, campaign in configuration.campaigns.items():
        if campaign.start.phase:
            yield ("campaigns", key, "start", "phase"), campaign.start.phase


def _list(names: object) -> str:
    return ", ".join(sorted(names)) or "none"  # type: ignore[call-overload]
