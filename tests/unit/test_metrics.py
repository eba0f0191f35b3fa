import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ripen.events.event import Event
from ripen.reports.metrics import CampaignFigures, Figures, PageFigures, TrafficSource, add_up, figures_of
from ripen.reports.rollup import (
    CLOSED_AFTER,
    changes,
    hour_key,
    hour_name,
    latest_spans,
    read_figures,
    read_hour,
    visit_item,
    visit_start,
)
from ripen.sessions.sessions import Span, compile_conversions, visits
from ripen.times import DAY, HOUR, MINUTE
from stories import START

CONVERSIONS = compile_conversions({"signed-up": {"event": "Signed Up"}})
AD = {"source": "linkedin", "medium": "cpc", "name": "spring"}


def viewed(at, path="/", **context):
    return Event(f"v{at}{path}", "Page Viewed", at, "website", properties={"path": path}, context=context)


def figures(*events):
    return add_up(figures_of(visit) for visit in visits(events, CONVERSIONS))


def test_a_visit_counts_for_its_source_and_its_results_for_the_last_campaign():
    ad = TrafficSource("paid-social", "linkedin", "cpc", "spring")
    found = figures(
        viewed(START, "/offer", campaign=AD),
        viewed(START + DAY, "/"),
        Event("s", "Signed Up", START + DAY + MINUTE, "website", traits={"email": "ann@example.com"}),
    )

    assert found.campaigns == {
        ad: CampaignFigures(1, 1, 1, {"signed-up": 1}),
        TrafficSource("direct"): CampaignFigures(1),
    }
    assert found.pages == {"/offer": PageFigures(1, 0, 1, 1), "/": PageFigures(1, 0, 1, 1)}


def test_paths_and_sources_that_may_identify_a_person_are_masked():
    paths = ("/orders/123456/ann%40example.com", "/blog/2026/mills", "/t/3f2a9c1e-77aa-4bcd-9f00-aabbccddeeff")
    found = figures(*(viewed(START + n, path, campaign={"source": "a@b.com"}) for n, path in enumerate(paths)))

    assert sorted(found.pages) == ["/blog/2026/mills", "/orders/(id)/(id)", "/t/(id)"]
    assert [campaign.source for campaign in found.campaigns] == ["(id)"]


def test_figures_beyond_the_limit_are_added_up_as_other():
    many = Figures(
        {TrafficSource("other", f"s{n}"): CampaignFigures(1, 0, 0, {"x": 1}) for n in range(600)},
        {f"/{'é' * 200}{n}": PageFigures(n + 1, 1) for n in range(600)},
    )
    kept = Figures.from_json(json.loads(json.dumps(many.as_json())))

    assert len(kept.campaigns) == 501
    assert kept.campaigns[TrafficSource("(other)")] == CampaignFigures(100, 0, 0, {"x": 100})
    assert sum(page.views for page in kept.pages.values()) == sum(range(601))
    assert len(json.dumps(many.as_json(), ensure_ascii=False).encode()) < 300_000


COUNTS = st.integers(0, 9)
FIGURES = st.builds(
    Figures,
    st.dictionaries(
        st.builds(TrafficSource, st.sampled_from(("direct", "email")), st.sampled_from(("", "x", "y"))),
        st.builds(
            CampaignFigures,
            COUNTS,
            COUNTS,
            COUNTS,
            st.dictionaries(st.sampled_from(("a", "b")), st.integers(1, 9)),
        ),
    ),
    st.dictionaries(st.sampled_from(("/", "/a", "/b")), st.builds(PageFigures, COUNTS, COUNTS, COUNTS, COUNTS)),
)


@given(st.lists(FIGURES, max_size=5), st.data())
def test_neither_order_nor_grouping_changes_a_sum(parts, data):
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(0, len(parts)))

    assert add_up(parts) == add_up(shuffled) == add_up([add_up(parts[:cut]), add_up(parts[cut:])])


@given(FIGURES)
def test_figures_survive_json_and_an_item(made):
    item = visit_item("a:ann", START, 3, made, final=True)
    assert read_figures(item) == made
    assert visit_start(item) == START


EVENTS = st.lists(
    st.builds(
        lambda minute, path, ad: viewed(START + minute * MINUTE, path, **({"campaign": AD} if ad else {})),
        st.integers(0, 600),
        st.sampled_from(("/", "/a")),
        st.booleans(),
    ),
    unique_by=lambda event: event.id,
    max_size=30,
)


@settings(max_examples=50)
@given(EVENTS, st.data())
def test_figures_equal_a_naive_recount_of_the_ledger(events, data):
    ordered = sorted(data.draw(st.permutations(events)), key=lambda event: (event.at, event.id))
    found = figures(*ordered)

    starts = [event for n, event in enumerate(ordered) if n == 0 or event.at - ordered[n - 1].at >= 30 * MINUTE]
    assert sum(row.visits for row in found.campaigns.values()) == len(starts)
    assert sum(row.first for row in found.campaigns.values()) == min(len(starts), 1)
    assert {path: page.views for path, page in found.pages.items()} == Counter(
        event.properties["path"] for event in ordered
    )
    assert sum(page.landings for page in found.pages.values()) == len(starts)
    assert sum(page.exits for page in found.pages.values()) == len(starts)


def test_an_hour_has_a_name_and_a_key():
    assert hour_name(START + 59 * MINUTE) == "2026-03-02T08"
    assert read_hour("2026-03-02T08") == START
    assert hour_key(START) == {"pk": "T#2026-03-02", "sk": "hour#08"}


def test_a_visit_is_reported_once_during_its_hour_and_on_each_change_afterwards():
    one, two = Span(START, 1, 1), Span(START, 2, 1)

    assert changes([], [one], START).new == [one]
    assert changes([one], [two], START + 59 * MINUTE) == ([], [])
    assert changes([one], [two], START + HOUR).late == [two]
    assert changes([one], [one], START + HOUR) == ([], [])
    assert changes([], [one], START + CLOSED_AFTER + 1) == ([], [])


def test_a_visit_with_an_earlier_start_replaces_the_reported_one():
    before, after = Span(START + 2 * HOUR, 1, 1), Span(START + 2 * HOUR - MINUTE, 2, 1)

    found = changes([before], [after], START + 5 * HOUR)

    assert found.new == [after]
    assert found.late == [Span(before.start, 0, 0)]


def test_a_late_visit_marks_all_later_visits_as_changed():
    last = Span(START + 4 * HOUR, 1, 1)
    found = changes([last], [Span(START, 1, 0), last], START + 6 * HOUR)
    assert (found.new, found.late) == ([], [last])


def test_the_record_remembers_visits_that_may_still_change():
    events = [viewed(START), viewed(START + DAY), viewed(START + 5 * DAY), viewed(START + 5 * DAY + HOUR)]
    assert [span.start for span in latest_spans(events, CONVERSIONS)] == [START + 5 * DAY, START + 5 * DAY + HOUR]
    assert latest_spans([], CONVERSIONS) == []
