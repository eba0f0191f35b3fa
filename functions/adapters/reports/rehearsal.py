"""The report of a rehearsal in words and tables, and as one self-contained HTML page.

`values` are always those of `ripen.rehearsal.report.report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.reports.rehearsal_texts import TEXTS
from adapters.reports.rehearsal_wording import Section, Values, Wording, has_long_word, shortened
from adapters.reports.sortable_page import render
from ripen.rehearsal.forecast import KINDS
from ripen.rehearsal.report import differs
from ripen.rehearsal.tally import MOST_NAMES, SENT

_WAIT = "wait before "
_LONGEST = 400
_MINUTE = len("2026-11-21T09:30")
_MARK = "!"
_NOTHING = "-"


def sentence(values: Values, language: str) -> str:
    """The report in one sentence."""
    return _Words(values, language).sentence()


def sections(values: Values, language: str) -> list[Section]:
    """All parts of the report that have anything to tell."""
    return [*_Words(values, language).sections()]


def under_title(values: Values, language: str) -> str:
    """The rehearsed time, and the numbers of leads and events."""
    return _Words(values, language).under_title()


def truth_sentence(values: Values, language: str) -> str:
    """What happened after the activation, beside the forecast, in one sentence; empty while that is not known."""
    return _Words(values, language).truth_sentence()


def page(values: Values, language: str, *, named: bool = True) -> str:
    """The complete HTML page; without `named`, its note says that the leads behind the numbers are not in it."""
    words = _Words(values, language)
    return render(
        "rehearsal.html",
        language=language,
        say=TEXTS[language],
        sentence=words.sentence(),
        under_title=words.under_title(),
        sections=[*words.sections()],
        plain=words.plain,
        long=has_long_word,
        note=TEXTS[language]["names_note"].format(most=MOST_NAMES) if named else TEXTS[language]["no_names"],
    )


class _Words(Wording):
    def under_title(self) -> str:
        values = self.values
        since, until = (values["period"][end][:10] for end in ("since", "until"))
        leads, events = self._number(values["leads"]), self._number(values["events"])
        told = self._say("under_title", days=self.days, since=since, until=until, leads=leads, events=events)
        notes = [told]
        if values["sample"] > 1:
            notes.append(self._say("sampled", one_in=values["sample"]))
        if values["left_out"]:
            notes.append(self._say("left_out", number=self._number(values["left_out"])))
        if not values["whole"]:
            notes.append(self.say["not_whole"])
        return " ".join(notes)

    def sentence(self) -> str:
        headline = self.values["headline"]
        handoffs, mails = headline["handoffs"], headline["mails"]["difference"]
        if not differs(self.values):
            return self.say["nothing"]
        earlier = headline["earlier_phase"]["leads"]
        a_week = abs(handoffs["a_week"]) >= 1
        return self._say(
            "sentence",
            handoffs=self._more("handoffs", round(handoffs["a_week"]))
            if a_week or not handoffs["difference"]
            else self._more("handoffs_rarely", handoffs["difference"]),
            mails=self._more("mails", mails),
            phases=self._say(
                f"phases_{'none' if not earlier else 'one' if earlier == 1 else 'some'}", number=self._number(earlier)
            ),
        )

    def _more(self, what: str, number: int) -> str:
        if not number:
            return self.say[f"{what}_same"]
        kind = f"{'one_' if abs(number) == 1 else ''}{'more' if number > 0 else 'fewer'}"
        return self._say(f"{what}_{kind}", number=self._number(abs(number)), days=self.days)

    def sections(self) -> Iterator[Section]:
        for section in (
            self._figures(),
            self._truth(),
            self._changes(),
            self._phases(),
            self._moves(),
            self._thresholds(),
            *self._scores(),
            self._weeks(),
            self._campaigns(),
            self._campaign_weeks(),
            self._more_fewer(),
            self._under_way(),
            self._deals(),
            self._faith(),
        ):
            if section is not None and (section.rows or section.note):
                yield section

    def _figures(self) -> Section:
        headline = self.values["headline"]
        unknown = {when: sum(one[when]["unknown"] for one in self.values["campaigns"]) for when in ("before", "after")}
        rows = [
            self._both("handoffs_figure", headline["handoffs"]),
            self._both("mails_figure", headline["mails"]),
            self._both("unknown_figure", unknown | {"difference": unknown["after"] - unknown["before"]}),
            [self.say["concerned_figure"], "", "", self._number(headline["concerned"])],
            [self.say["newly_figure"], "", "", self._who(headline["newly_handed_over"])],
            [self.say["no_longer_figure"], "", "", self._who(headline["no_longer_handed_over"])],
        ]
        return self._section(
            "figures", ("number", "before", "after", "difference"), rows, note=self.say["unknown_note"]
        )

    def _truth(self) -> Section | None:
        truth, forecast = self.values.get("truth"), self.values.get("forecast")
        if truth is None or forecast is None:
            return None
        rows = []
        for kind in KINDS:
            expected = {name: self._number(value) for name, value in forecast[kind].items()}
            mark = f" {_MARK}" if kind in truth["outside"] else ""
            told = (expected["mean"], self._say("truth_range", **expected), f"{self._number(truth[kind])}{mark}")
            rows.append([self.say[f"{kind}_figure"], *told])
        weeks = forecast["weeks"]
        about = {"weeks": weeks, "percent": round(200 / (weeks + 1)), "days": self._number(truth["days"])}
        about |= {end: truth[end][:_MINUTE].replace("T", " ") for end in ("since", "until")}
        notes = [self._say("truth_note" if truth["replaced_by"] is None else "truth_part", **about)]
        notes += [self._say("truth_sample", one_in=self.values["sample"])] if self.values["sample"] > 1 else []
        notes.append(self.say["truth_start"])
        return self._section("truth", ("number", "forecast", "range", "happened"), rows, note=" ".join(notes))

    def truth_sentence(self) -> str:
        truth, forecast = self.values.get("truth"), self.values.get("forecast")
        if truth is None or forecast is None:
            return ""
        happened = {kind: self._number(truth[kind]) for kind in KINDS}
        if truth["replaced_by"] is not None:
            return self._say("truth_sentence_part", days=self._number(truth["days"]), **happened)
        kinds = ", ".join(self.say[f"{kind}_figure"] for kind in truth["outside"])
        expected = {
            f"{kind}_forecast": self._say(
                "truth_forecast", **{name: self._number(value) for name, value in forecast[kind].items()}
            )
            for kind in KINDS
        }
        outside = self._say("truth_outside", kinds=kinds) if kinds else ""
        return self._say("truth_sentence", outside=outside, **happened, **expected)

    def _both(self, name: str, found: Mapping[str, Any]) -> list[str]:
        interval = found.get("interval")
        bounds = f" [{self._signed(interval[0])}; {self._signed(interval[1])}]" if interval else ""
        before, after = self._number(found["before"]), self._number(found["after"])
        return [self.say[name], before, after, f"{self._signed(found['difference'])}{bounds}"]

    def _changes(self) -> Section:
        kinds = ("handoffs", "mails", "other_phase", "earlier_phase")
        numbers = [
            (one, [self._number(one["concerned"]), *(self._effect(one, kind) for kind in kinds)])
            for one in self.values["changes"]
        ]
        for kind, text in (("only_together", "only_together"), ("without_effect_on_leads", "without_effect")):
            numbers += [(one, [self.say[text], "", "", "", ""]) for one in self.values[kind]]
        rows = [[shortened(one["text"], _LONGEST), *cells] for one, cells in numbers]
        return self._section(
            "changes", ("change", "concerned", *kinds), rows, note=self.say["changes_note"] if rows else ""
        )

    def _effect(self, one: Mapping[str, Any], kind: str) -> str:
        return self._signed(one[kind]) if kind in ("handoffs", "mails") else self._number(one[kind])

    def _phases(self) -> Section:
        found = self.values["phases"]
        rows = [
            [one["title"], *(self._number(one[when]) for when in ("at_begin", "before", "after")), self._gap(one)]
            for one in found
        ]
        bars = self._bars([(one["title"], one["before"], one["after"]) for one in found])
        section = self._section("phases", ("phase", "at_begin", "before", "after", "difference"), rows, bars=bars)
        return section._replace(head=[head.format(days=self.days) for head in section.head])

    def _moves(self) -> Section:
        titles = {one["phase"]: one["title"] for one in self.values["phases"]}
        rows = [
            [titles[one["before"]], titles[one["after"]], self._number(one["leads"]), self._names(one)]
            for one in self.values["moves"]
        ]
        return self._section("moves", ("from", "to", "leads", "names"), rows)

    def _thresholds(self) -> Section:
        rows = [
            [
                f"{one['profile']} ≥ {self._number(one['at_least'])}",
                *(self._number(one[when]) for when in ("before", "after")),
                *(self._who(one[kind]) for kind in ("gained", "lost")),
            ]
            for one in self.values["thresholds"]
        ]
        return self._section("thresholds", ("threshold", "before", "after", "gained", "lost"), rows)

    def _scores(self) -> Iterator[Section]:
        found = self.values["scores"]
        for profile in dict.fromkeys(one["profile"] for one in found):
            mine = [one for one in found if one["profile"] == profile]
            labels = [f"{self._number(one['from'])} … {self._number(one['to'])}" for one in mine]
            pairs = [(label, one["before"], one["after"]) for label, one in zip(labels, mine, strict=True)]
            rows = [[label, self._number(before), self._number(after)] for label, before, after in pairs]
            section = self._section("scores", ("points", "before", "after"), rows, bars=self._bars(pairs))
            yield section._replace(title=f"{section.title}: {profile}")

    def _weeks(self) -> Section:
        capacity = self.values["handoffs"]["capacity"]
        found = self.values["handoffs"]["weeks"]
        rows = [[one["week"], self._load(one["before"]), self._load(one["after"]), self._gap(one)] for one in found]
        note = "" if capacity is None or not rows else self._say("capacity_note", capacity=self._number(capacity))
        bars = self._bars([(one["week"], one["before"], one["after"]) for one in found])
        return self._section("weeks", ("week", "before", "after", "difference"), rows, note=note, bars=bars)

    def _load(self, handoffs: int) -> str:
        capacity = self.values["handoffs"]["capacity"]
        over = capacity is not None and handoffs > capacity
        return f"{self._number(handoffs)}{f' {_MARK}' if over else ''}"

    def _campaigns(self) -> Section:
        rows = []
        for one in self.values["campaigns"]:
            for fate in one["before"]:
                before, after = one["before"][fate], one["after"][fate]
                if before or after:
                    numbers = (self._number(before), self._number(after), self._signed(after - before))
                    rows.append([one["title"], self.say[fate], *numbers])
        found = [
            (one["title"], *(one[when].get(SENT, 0) for when in ("before", "after")))
            for one in self.values["campaigns"]
        ]
        head = ("campaign", "fate", "before", "after", "difference")
        return self._section("campaigns", head, rows, bars=self._bars(found))

    def _campaign_weeks(self) -> Section:
        rows = [
            [one["title"], week["week"], *(self._number(week[when].get(SENT, 0)) for when in ("before", "after"))]
            for one in self.values["campaigns"]
            for week in one["weeks"]
            if week["before"] != week["after"]
        ]
        return self._section("campaign_weeks", ("campaign", "week", "before", "after"), rows)

    def _more_fewer(self) -> Section:
        rows = [
            [one["title"], self.say[kind], self._number(one[kind]["leads"]), self._names(one[kind])]
            for one in self.values["campaigns"]
            for kind in ("more", "fewer")
            if one[kind]["leads"]
        ]
        return self._section("more_fewer", ("campaign", "mails", "leads", "names"), rows)

    def _under_way(self) -> Section:
        rows = [
            [
                one["campaign"],
                *map(self._place, (one["before"], one["after"])),
                self._number(one["leads"]),
                self._names(one),
            ]
            for one in self.values["under_way"]
        ]
        head = ("campaign", "before", "after", "leads", "names")
        return self._section("under_way", head, rows, note=self.say["under_way_note"] if rows else "")

    def _place(self, place: str) -> str:
        if not place:
            return self.say["over"]
        if place.startswith(_WAIT):
            step = place.removeprefix(_WAIT)
            return self.say["wait_end"] if step == "the end" else self._say("wait", step=step)
        return self._say("step", step=place)

    def _deals(self) -> Section | None:
        deals = self.values["deals"]
        if deals is None:
            return None
        both = [deals["before"], deals["after"]]
        rows = [[self.say["won_lost"], *(f"{one['won']} / {one['lost']}" for one in both)]]
        rows += [[self.say[kind], *(self._share(one[kind]) for one in both)] for kind in ("precision", "recall")]
        best = [{found["profile"]: found for found in one["best"]} for one in both]
        for profile in sorted({*best[0], *best[1]}):
            told = [one.get(profile) for one in best]
            rows.append([self._say("best", profile=profile), *map(self._best, told)])
            rows += [
                [self.say[f"best_{kind}"], *(self._share(one and one[kind]) for one in told)]
                for kind in ("precision", "recall")
            ]
        note = f"{self.say['deals_note']} {self.say['best_note']}" if any(best) else self.say["deals_note"]
        return self._section("deals", ("number", "before", "after"), rows, note=note)

    def _best(self, best: Mapping[str, Any] | None) -> str:
        if best is None:
            return _NOTHING
        low, high = (self._number(bound) for bound in best["interval"])
        return f"{self._number(best['at_least'])} [{low}; {high}]"

    def _share(self, share: Mapping[str, Any] | None) -> str:
        if share is None:
            return _NOTHING
        low, high = share["interval"]
        return f"{100 * share['value']:.0f} % [{100 * low:.0f}; {100 * high:.0f}]"

    def _faith(self) -> Section | None:
        faith = self.values["faith"]
        if not faith["mails"]:
            return None
        numbers = {name: self._number(faith[name]) for name in ("mails", "rehearsed")}
        return self._section("faith", (), [], note=self._say("faith_note", **numbers))
