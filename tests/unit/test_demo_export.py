"""The demo's export under the starter rules: imported events start nothing that the same live events start."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from adapters.rules.isolated_check import check
from ripen.events.parsing import NO_SHARED_CONTEXT, parse_event
from ripen.events.sources import Source
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.times import DAY, MINUTE, parse_iso
from ripen_cli.cloud import with_server
from ripen_cli.demo.move_over import CONTACTS, EVENTS, PEOPLE
from ripen_cli.importing import contacts, history
from ripen_cli.importing.columns import choose
from ripen_cli.importing.rows import read_rows
from ripen_cli.project import RULES, rule_files

NOW = parse_iso("2026-01-01")
SHOP = Source("local-server", trusted=True)


@pytest.fixture(scope="module")
def starter():
    checked = check(with_server(rule_files(RULES), SHOP.name, "a-key"))
    return compile_rules(checked.configuration, checked.version)


def calls():
    people = contacts.Contacts(choose(contacts.USUAL, ()), ZoneInfo("UTC"), NOW, str, "the old shop")
    happened = history.History(choose(history.USUAL, ()), ZoneInfo("UTC"), str)
    for row in read_rows(CONTACTS):
        yield from people.contact(row).calls
    for row in read_rows(EVENTS):
        yield from happened.calls(row)


def events_of(subject, *, imported):
    shared = NO_SHARED_CONTEXT._replace(imported=imported)
    found = [parse_event(call, call["type"], SHOP, NOW, shared) for call in calls()]
    return sorted(
        (received.event for received in found if received.subject == subject), key=lambda event: (event.at, event.id)
    )


@pytest.mark.parametrize("subject", PEOPLE)
@pytest.mark.parametrize("days", [0, 1])
def test_imported_events_start_nothing_that_the_same_live_events_start(starter, subject, days):
    live = fold(subject, events_of(subject, imported=False), starter, NOW)
    imported = fold(subject, events_of(subject, imported=True), starter, NOW + days * DAY)

    assert any(note.text == "started" for note in live.notes)
    assert imported.notes == []
    assert imported.pending == ()
    assert imported.moves == live.moves
    assert imported.events == PEOPLE[subject]["events"]
    for profile in live.scores:
        assert imported.scores[profile].at(NOW) == pytest.approx(live.score(profile))


def test_a_sign_up_after_the_import_is_answered(starter):
    history_of = events_of("u:old-3", imported=True)
    call = {"type": "track", "event": "Signed Up", "userId": "old-3", "properties": {"asset": "workshop"}}
    live = parse_event(call, "track", SHOP, NOW + MINUTE)

    found = fold("u:old-3", [*history_of, live.event], starter, NOW + MINUTE)

    assert "workshop-agenda" in [intent.campaign for intent in found.pending]
