"""The starter kit: each programme runs from start to end, every mail, asset and offer is used, caps are kept."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mail.jinja import uses
from programmes import CONFIGURATION, MAILS, customer, former, known, subscriber, visitor
from ripen.campaigns.content_choice import Taste, best
from ripen.times import DAY, SECOND, parse_duration
from ripen_cli.project import ROOT
from unit.programmes_for_customers import STORIES as CUSTOMERS
from unit.programmes_for_leads import STORIES as LEADS

STORIES = (*LEADS, *CUSTOMERS)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.campaign}: {story.title}")
def test_each_programme_reaches_the_lead_as_its_story_says(story):
    life = story.live()

    assert life.reached(story.campaign) == [*story.done]
    if story.shown:
        assert life.shown == [*story.shown]
    assert life.lead().pending == life.lead_from_scratch().pending
    check_frequency(life)


def test_each_campaign_has_a_story_in_which_it_does_something():
    told = {story.campaign for story in STORIES if story.done or story.shown}
    assert told == {*CONFIGURATION.campaigns}


def test_each_step_that_does_something_is_reached_in_a_story():
    done = {(story.campaign, name) for story in STORIES for _, name in story.done}
    written = {(name, step.key) for name, step in steps() if step.key and not step.onsite}
    assert done == written


def test_the_overlay_is_no_longer_shown_after_sign_up():
    life = visitor()
    life.at(1, "Tool Used", tool="quoting-time")
    assert life.lead().offers == ("workshop-quoting", "product-quoting")

    life.at(1.01, "Signed Up", asset="workshop")

    assert life.lead().offers == ("product-quoting",)


@pytest.mark.parametrize("interest", CONFIGURATION.interests.topics)
def test_each_interest_has_its_workshop(interest):
    step = next(step for name, step in steps() if name == "workshop-overlay")
    offers = {name: CONFIGURATION.offers[name] for name in step.onsite}

    assert best(offers, Taste("information", "unknown", [interest])) == f"workshop-{interest}"


# ---------------------------------------------------------------- never too much, never after "no"


HAPPENS = st.tuples(
    st.integers(1, 364),
    st.sampled_from(
        [
            ("Page Viewed", {"path": "/solutions/quoting"}),
            ("Tool Used", {"tool": "win-rate"}),
            ("Signed Up", {"asset": "workshop"}),
            ("Webinar Attended", {"webinar": "eleven-minutes"}),
            ("Contact Requested", {}),
            ("Order Completed", {"total": 900}),
            ("Quote Created", {}),
            ("Seats Added", {}),
            ("Feedback Given", {"survey": "nps", "score": 10, "comment": "Fast."}),
            ("Feedback Given", {"survey": "nps", "score": 3}),
            ("Email Opened", {"intent": "newsletter_newsletter_1", "category": "newsletter"}),
            (
                "Email Link Clicked",
                {
                    "intent": "digest_digest_1",
                    "category": "newsletter",
                    "link": "https://www.example.com/guides/win-rate",
                },
            ),
            ("Subscription Cancelled", {}),
        ]
    ),
)
YEAR = settings(max_examples=25)


def live_through(life, happens, first=0):
    for day, (name, properties) in sorted(happens, key=lambda each: each[0]):
        life.at(first + day + len(life.events) / DAY, name, **properties)
    life.until(first + 370)
    return life


@given(st.lists(HAPPENS, max_size=40))
@YEAR
def test_no_lead_gets_more_than_the_caps_allow_in_a_year_of_random_events(happens):
    life = live_through(subscriber(), happens)

    check_frequency(life)
    assert len(life.marketing()) <= 40


@given(st.lists(HAPPENS.filter(lambda each: each[1][0] != "Order Completed"), max_size=20))
@YEAR
def test_a_former_customer_gets_no_marketing_mail_whatever_the_interest(happens):
    life = former()
    before = len(life.marketing())

    live_through(life, happens, first=70)

    assert life.marketing()[before:] == []


@given(st.lists(HAPPENS, max_size=20), st.sampled_from(["Unsubscribed", "Email Bounced", "Email Marked as Spam"]))
@YEAR
def test_a_suppressed_lead_gets_only_permitted_mails(happens, no):
    life = customer()
    life.at(20, no, intent="welcome_welcome_1")
    before = len(mails(life))

    live_through(life, happens, first=20)

    later = mails(life)[before:]
    assert all(intent.transactional for intent in later)
    assert no == "Unsubscribed" or later == []


def mails(life):
    return [intent for _, intent in life.done if intent.channel == "mail"]


def check_frequency(life):
    """Asserts that the caps and hours of rules/mailing.yaml were kept."""
    mailing, sent = CONFIGURATION.mailing, life.marketing()
    check_caps(mailing.caps, [at for at, _ in sent])
    for name, category in mailing.categories.items():
        check_caps(category.caps, [at for at, of in sent if of.category == name])
    own_hours = {name for name, step in steps() if step.window and step.mail}
    assert own_hours == {"welcome"}, "it answers a click"
    for at in (at for at, one in sent if one.campaign not in own_hours):
        local = datetime.fromtimestamp(at / SECOND, BERLIN)
        assert local.weekday() < 5
        assert mailing.window.start <= f"{local:%H:%M}" < mailing.window.end


def check_caps(caps, moments):
    for most, days in ((caps.per_day, 1), (caps.per_week, 7), (caps.per_month, 30)):
        if most is not None:
            assert all(later - earlier >= days * DAY for earlier, later in zip(moments, moments[most:], strict=False))
    if caps.gap:
        assert all(later - earlier >= parse_duration(caps.gap) for earlier, later in pairwise(moments))


# ---------------------------------------------------------------- mails, content, offers


def steps():
    """Every step with the name of its campaign, also those in branches."""

    def inside(listed):
        for step in listed:
            yield step
            for branch in step.branch or ():
                yield from inside(branch.steps)

    return [(name, step) for name, campaign in CONFIGURATION.campaigns.items() for step in inside(campaign.all_steps)]


def of(attribute):
    """Everything that steps name with this key."""
    return {getattr(step, attribute) for _, step in steps()} - {None}


def test_each_mail_exists_in_english_and_german_and_is_sent_by_a_campaign():
    assert {name: sorted(languages) for name, languages in MAILS.items()} == {name: ["de", "en"] for name in MAILS}
    assert {*MAILS} == of("mail")


def test_each_offer_is_shown_by_a_campaign_or_to_everybody():
    chosen = {name for _, step in steps() for name in step.onsite or ()}
    assert {name for name, offer in CONFIGURATION.offers.items() if not offer.everybody} == chosen


def test_each_recipient_is_used():
    assert {*CONFIGURATION.mailing.recipients} == of("handoff") | of("notify")


def test_each_category_and_survey_is_used():
    campaigns = CONFIGURATION.campaigns
    assert {*CONFIGURATION.mailing.categories} == {one.category for one in campaigns.values()} - {None}
    assert {*CONFIGURATION.mailing.surveys} <= of("mail")


def tastes():
    """Every lead that content may be chosen for: phase, persona and strongest interest."""
    personas, topics = (*CONFIGURATION.personas, "unknown"), CONFIGURATION.interests.topics
    for phase, persona, topic in product(CONFIGURATION.phases, personas, (None, *topics)):
        yield Taste(phase, persona, [topic] if topic else [])


def choices():
    return [step for _, step in steps() if step.content]


def test_each_asset_is_the_best_choice_for_some_lead_once_the_others_were_sent():
    offered = set()
    for step, taste in product(choices(), tastes()):
        left = {name: asset for name, asset in CONFIGURATION.content.items() if asset.kind in step.content.kinds}
        while (found := best(left, taste)) is not None:
            offered.add(found)
            del left[found]
    assert offered == {*CONFIGURATION.content}


@pytest.mark.parametrize("step", choices(), ids=lambda step: step.mail)
def test_every_lead_has_content_in_both_languages(step):
    phases = {"next-step": ["development"], "new-version": ["retention"], "event-invitation": ["retention"]}
    for language, taste in product(("en", "de"), tastes()):
        listed = {name: one for name, one in CONFIGURATION.content.items() if one.kind in step.content.kinds}
        spoken = {name: asset for name, asset in listed.items() if language in asset.link}
        if taste.phase in phases.get(step.mail, [taste.phase]):
            assert best(spoken, taste) is not None, taste


def test_every_text_exists_in_both_languages():
    mailing = CONFIGURATION.mailing
    texts = [mailing.imprint, mailing.opt_in, mailing.from_name, CONFIGURATION.campaigns["personal-note"].from_name]
    texts += [text for one in mailing.categories.values() for text in (one.title, one.reason)]
    texts += [one.reason for one in CONFIGURATION.campaigns.values() if one.transactional]
    texts += [survey.question for survey in mailing.surveys.values()]
    texts += [reason.title for survey in mailing.surveys.values() for reason in survey.reasons]
    texts += [text for asset in CONFIGURATION.content.values() for text in (asset.title, asset.text, asset.link)]
    texts += [text for one in CONFIGURATION.offers.values() for text in (one.title, one.text, one.button, one.link)]
    assert all({*text} == {"en", "de"} for text in texts)


@pytest.mark.parametrize("path", ["lp/webinar", "solutions/quoting", "guides/win-rate"])
def test_a_german_page_counts_like_the_english_one(path):
    english, german = visitor(), visitor()
    english.at(1, "Page Viewed", path=f"/{path}")
    german.at(1, "Page Viewed", path=f"/de/{path}")

    assert english.lead().interests == german.lead().interests != ()
    assert english.lead().scores == german.lead().scores


@pytest.mark.parametrize("name", MAILS)
def test_no_german_mail_shows_a_first_name_beside_the_formal_you(name):
    template = MAILS[name]["de"]

    for part in (template.subject, template.html, template.text):
        assert uses(part, ("lead.name", "lead.first_name", "lead.traits")) == []
    assert "lead.salutation" in uses(template.html, ("lead.salutation",))


def test_the_personal_mail_is_sent_in_the_name_of_the_rep_or_of_the_team():
    note, team = CONFIGURATION.campaigns["personal-note"], CONFIGURATION.people.team
    assert note.from_rep
    assert (bool(note.from_name), note.reply_to) == (True, CONFIGURATION.mailing.recipients[team].mail)


def test_a_lead_that_got_in_touch_is_with_its_rep_already_and_is_not_handed_over_by_its_score():
    life = known()
    life.at(0.1, "Contact Requested")
    for n in range(30):
        life.at(1 + n / 100, "Webinar Attended")
    life.until(3)

    assert [intent.campaign for _, intent in life.done if intent.channel == "handoff"] == ["contact-request"]


def test_each_programme_is_documented():
    text = (ROOT / "docs" / "reference" / "programmes.md").read_text()
    assert {name for name in CONFIGURATION.campaigns if f"`{name}`" not in text} == set()


def test_mails_that_waited_for_a_confirmation_are_not_sent_at_night():
    life = known()
    for _ in range(5):
        life.at(0.1, "Tool Used", tool="quoting-time")
    life.at(0.2, "Newsletter Requested")

    life.at(32.6, "Subscription Confirmed", intent="double-opt-in_confirm-subscription_1")
    life.until(60)

    assert life.reached("welcome") == [(32, "welcome")], "the answer to a click"
    assert life.reached("top-of-mind") == [(35, "top-of-mind")]
    check_frequency(life)
