"""The context of a mail, from the rules."""

import pytest

from programmes import CONFIGURATION
from ripen.messages.mail_context import mail_context

CAMPAIGN, CATEGORY = next((name, rule.category) for name, rule in CONFIGURATION.campaigns.items() if rule.category)


@pytest.mark.parametrize(
    ("of_all", "of_topic", "expected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_a_topic_decides_about_opening_images_before_all_mails_do(of_all, of_topic, expected):
    mailing = CONFIGURATION.mailing
    topic = mailing.categories[CATEGORY].model_copy(update={"opens": of_topic})
    mailing = mailing.model_copy(update={"opens": of_all, "categories": mailing.categories | {CATEGORY: topic}})
    rules = CONFIGURATION.model_copy(update={"mailing": mailing})

    assert mail_context(rules, CAMPAIGN, "step", "mail", "en").opens is expected
