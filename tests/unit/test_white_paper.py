"""The white paper's example under the starter kit, from the first click to the personal mail."""

from __future__ import annotations

import pytest

from programmes import ADDRESS, Life

AD = {"medium": "paid-social", "source": "linkedin", "name": "eleven-minutes"}
HOUR = 1 / 24
MINUTE = HOUR / 60


def anonymous():
    """A visitor from an advertisement after an afternoon and an evening: 30 points, no address."""
    life = Life()
    life.at(5 * HOUR, "Page Viewed", path="/lp/webinar", context={"campaign": AD})
    evening = 11.5 * HOUR
    life.at(evening, "Promotion Clicked", promotion_id="quote-check")
    life.at(evening + 2 * MINUTE, "Page Viewed", path="/solutions/quoting")
    life.at(evening + 4 * MINUTE, "Tool Used", tool="quoting-time")
    life.at(evening + 7 * MINUTE, "Page Viewed", path="/solutions/follow-up")
    life.at(evening + 9 * MINUTE, "Tool Used", tool="follow-up-plan")
    life.at(evening + 13 * MINUTE, "Page Viewed", path="/guides/win-rate")
    life.at(evening + 16 * MINUTE, "Asset Previewed", asset="loss-mail")
    life.at(evening + 21 * MINUTE, "Page Viewed", path="/guides/first-reply")
    return life


def signed_up():
    """The same, who then keeps a seat, asks for mails, confirms, and takes part in the webinar a week later."""
    life = anonymous()
    life.at(0.5, "Identified", traits={"email": ADDRESS, "firstName": "Ann", "newsletter": "on"})
    life.at(0.5, "Signed Up", asset="workshop")
    life.at(0.5 + 5 * MINUTE, "Subscription Confirmed", intent="double-opt-in_confirm-subscription_1")
    life.at(7.25, "Webinar Attended", webinar="eleven-minutes")
    return life


def reads(life):
    """Five newsletters are opened, and two links followed in each."""
    for number, day in enumerate((10, 17, 24, 31, 38), start=1):
        about = {"intent": f"newsletter_newsletter_{number}", "category": "newsletter"}
        life.at(day, "Email Opened", **about)
        for n, page in enumerate(("solutions/quoting", "guides/win-rate"), start=1):
            life.at(day + n * 5 * MINUTE, "Email Link Clicked", link=f"https://www.example.com/{page}", **about)
    life.until(42)


def test_a_fitting_workshop_is_recommended_to_an_anonymous_visitor():
    life = anonymous()

    assert round(life.lead().score("engagement")) == 30
    assert "workshop-quoting" in life.lead().offers
    assert life.done == []


def test_a_sign_up_gets_the_agenda_at_once_and_mails_only_after_the_confirmation():
    life = signed_up()

    assert life.reached("workshop-agenda", "double-opt-in") == [(0, "confirm-subscription"), (0, "workshop-agenda")]
    assert life.reached("welcome") == [(0, "welcome")], "at once, whatever the hour"
    assert life.lead().phase == "consultation"
    assert "workshop-quoting" not in life.lead().offers


def test_the_personal_mail_and_the_handoff_go_out_together_at_150_points():
    life = signed_up()
    assert life.reached("personal-note", "sales-handoff") == []

    reads(life)

    assert life.lead().score("engagement") >= 145
    assert life.reached("personal-note", "sales-handoff") == [(38, "personal-note"), (38, "sales")]


@pytest.mark.parametrize("contact", ["Contact Requested", "Meeting Booked"])
def test_a_lead_who_contacted_sales_before_gets_no_personal_mail(contact):
    life = signed_up()
    life.at(9, contact)

    reads(life)

    assert life.reached("personal-note") == []
    assert life.reached("contact-request") == [(9, "sales")]
