"""The report of campaigns as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ripen_cli.report.achieved import Achieved
from ripen_cli.report.days import Days
from ripen_cli.report.markup import bars, document, folded, intervals, table
from ripen_cli.report.tables import EFFECT_HEAD, STEP_HEAD, effect_cells, step_rows


def page(found: Sequence[Achieved], days: Days) -> str:
    """The complete HTML page."""
    figures = {
        "starts": sum(one.effect.treated.starts for one in found),
        "mails": sum(one.effect.times("Email Sent") for one in found),
        "goals reached": sum(one.effect.treated.goal for one in found),
    }
    idle = [one for one in found if not one.started]
    parts = [
        "<h2>Leads</h2>",
        bars([(one.title or one.name, one.effect.leads(control=False)) for one in found], "leads"),
        table(EFFECT_HEAD, [effect_cells(one) for one in found if one.started]),
        folded(f"{len(idle)} campaigns started for nobody", table(("campaign", "title"), _names(idle))) if idle else "",
        *(part for one in found for part in _effect(one)),
        "<h2>Steps</h2>",
        table(STEP_HEAD, step_rows(found)),
    ]
    return document(f"Campaigns, {days}", figures, parts)


def _names(found: Sequence[Achieved]) -> list[tuple[str, str]]:
    return [(one.name, one.title) for one in found]


def _effect(one: Achieved) -> Iterator[str]:
    if not (verdict := one.verdict()):
        return
    yield f"<h2>{escape(one.title or one.name)} and its control group</h2><p>{escape(verdict)}</p>"
    if found := one.comparison:
        shares = (("with the campaign", found.treated), ("control group", found.control))
        yield intervals([(name, share.part, *share.interval()) for name, share in shares])
        yield f"<p>{escape(one.numbers())}</p>"
