"""Tags of mails that SES repeats and puts into headers."""

from adapters.delivery.ses_tags import feedback


def test_the_feedback_id_holds_the_campaign_and_its_topic_if_it_has_one():
    assert feedback("digest", "tips") == {"ses:feedback-id-a": "digest", "ses:feedback-id-b": "tips"}
    assert feedback("digest", "") == {"ses:feedback-id-a": "digest"}
