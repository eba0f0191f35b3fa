"""Conditions match the events that EventBridge matches, compared with moto."""

from __future__ import annotations

from hypothesis import event as seen
from hypothesis import given, settings
from moto.events.models import EventPattern

from ripen.conditions.pattern import compile_pattern
from unit.patterns import facts, patterns


class Corrected(EventPattern):
    """Moto's matcher where it agrees with what AWS documents; where it does not, this says what AWS does."""

    @staticmethod
    def _does_item_match_named_filter(item, pattern):
        # Python takes true for 1, and so does moto. AWS: "Numeric matching works with values that are JSON numbers."
        # (The generated numbers leave out 0 and 1, so that it is not the literals that are confused.)
        if "numeric" in pattern:
            item = [one for one in item if not isinstance(one, bool)] if isinstance(item, list) else item
            item = "" if isinstance(item, bool) else item
        return EventPattern._does_item_match_named_filter(item, pattern)  # noqa: SLF001


def leaves_only(event):
    """The event without what is no leaf: AWS says "Comparison operators only work on leaf nodes".

    Moto takes an empty object for a value, and also what is nested in a list.
    """
    if isinstance(event, list):
        return [one for one in event if not isinstance(one, dict | list)]
    if isinstance(event, dict):
        left = {key: leaves_only(value) for key, value in event.items()}
        return {key: value for key, value in left.items() if value != {}}
    return event


def in_full(pattern):
    """A condition as EventBridge wants it: every value in a list. Dots in keys moto understands as we do."""
    full = {}
    for key, wanted in pattern.items():
        if key == "$or":
            full[key] = [in_full(choice) for choice in wanted]
        elif key == "properties":
            full[key] = in_full(wanted)
        else:
            full[key] = wanted if isinstance(wanted, list) else [wanted]
    return full


@settings(max_examples=1000)
@given(patterns, facts)
def test_a_condition_matches_what_eventbridge_matches(pattern, event):
    expected = Corrected(None, in_full(pattern)).matches_event(leaves_only(event))
    seen(f"matches: {expected}")

    assert compile_pattern(pattern)(event) == expected
