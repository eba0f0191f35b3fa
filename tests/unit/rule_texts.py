"""Valid rules as YAML texts, and the problems that a check finds after a change."""

from __future__ import annotations

import re

from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError

SCORING = """\
profiles:
  interest:
    half_life: 10d
    groups:
      mail: {cap: 20}
    rules:
      page: {when: {event: Page Viewed}, points: 2}
  value:
    rules:
      signed-up: {when: {event: Signed Up}, points: 20, once: true}
grades:
  priority:
    fit: {profile: value, levels: {A: 20, B: 0}}
    engagement: {profile: interest, levels: {"1": 10, "2": 0}}
counts:
  visits: {when: {session.new: true}, window: 30d}
"""
INTERESTS = """\
interests:
  topics:
    mills: {when: {event: Page Viewed, properties.path: /mills}}
"""
PERSONAS = """\
personas:
  engineer:
    evidence:
      role: {when: {traits.role: engineer}, weight: 0.6}
"""
PHASES = """\
phases:
  cold:
    enter:
      - {from: [warm], score: {profile: interest, below: 5}}
  warm:
    enter:
      - {from: [cold], score: {profile: interest, at_least: 10}}
      - {from: [cold], interest: {topic: mills, at_least: 3}}
"""
FILES = {
    "rules/scoring.yaml": SCORING,
    "rules/interests.yaml": INTERESTS,
    "rules/personas.yaml": PERSONAS,
    "rules/phases.yaml": PHASES,
}


def without_columns(problems):
    """The problems with file and line alone."""
    return [re.sub(r"^(rules/[a-z]+\.yaml:\d+):\d+: ", r"\1: ", problem) for problem in problems]


def problems(**changed):
    files = FILES | {f"rules/{name}.yaml": text for name, text in changed.items()}
    try:
        build({name: text.encode() for name, text in files.items()})
    except InvalidConfigurationError as error:
        return without_columns(error.problems)
    return []


def rule(text):
    """The scoring rules with this one in line 7."""
    return SCORING.replace("page: {when: {event: Page Viewed}, points: 2}", f"page: {{{text}}}")


def when(text):
    return rule(f"when: {{{text}}}, points: 2")


def phases(*ways):
    """Phases `cold` and `warm` with these transitions into `warm`, the first one in line 5."""
    lines = [f"      - {{{way}}}" for way in ways]
    return "\n".join(("phases:", "  cold: {enter: [{inactive_for: 90d}]}", "  warm:", "    enter:", *lines, ""))
