"""Invalid campaigns, mailing, content and offers are reported with file and line."""

from __future__ import annotations

import pytest

from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError
from unit.rule_texts import without_columns

FILES = {
    "rules/scoring.yaml": """\
profiles:
  interest: {rules: {page: {when: {event: Page Viewed}, points: 2}}}
""",
    "rules/phases.yaml": "phases: {cold: {}}\n",
    "rules/mailing.yaml": """\
mailing:
  categories:
    news: {title: {en: News}}
  recipients:
    sales: {mail: sales@example.com}
    crm: {webhook: "https://crm.example.com/hook"}
""",
    "rules/content.yaml": """\
content:
  guide:
    kind: guide
    title: {en: A guide}
    text: {en: It guides.}
    link: {en: "https://example.com/guide"}
""",
    "rules/offers.yaml": """\
offers:
  workshop:
    title: {en: Workshop}
    text: {en: Come.}
    button: {en: Yes}
    link: {en: /workshop}
""",
    "rules/campaigns.yaml": """\
campaigns:
  tips:
    start:
      event: {event: Asked}
    category: news
    only_if: {lead.phase: cold}
    steps:
      - mail: tips
        content: {kinds: [guide]}
      - wait: 3d
      - branch:
          - happened: {event: Email Opened}
            steps:
              - onsite: [workshop]
          - steps:
              - handoff: sales
              - webhook: crm
""",
    "mails/tips/en.mjml": (
        "<mjml><mj-head><mj-title>Tips</mj-title></mj-head><mj-body><mj-section><mj-column>"
        "<mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"
    ),
    "mails/tips/en.txt": "Hello",
}


def problems(file="campaigns", old="", new=""):
    name = f"rules/{file}.yaml"
    assert old in FILES[name]
    try:
        build({path: text.encode() for path, text in (FILES | {name: FILES[name].replace(old, new, 1)}).items()})
    except InvalidConfigurationError as error:
        return without_columns(error.problems)
    return []


def test_the_unchanged_campaign_is_valid():
    assert problems() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("campaigns", "mail: tips", "mail: tricks", "campaigns.yaml:8: campaigns.tips.steps.0.mail: there is no mail"),
        ("campaigns", "[guide]", "[film]", "campaigns.yaml:9: campaigns.tips.steps.0.content.kinds.0: there is no con"),
        (
            "campaigns",
            "[workshop]",
            "[party]",
            "14: campaigns.tips.steps.2.branch.0.steps.0.onsite.0: there is no offer",
        ),
        ("campaigns", "handoff: sales", "handoff: bob", "handoff: there is no recipient 'bob'; known: crm, sales"),
        (
            "campaigns",
            "webhook: crm",
            "webhook: sales",
            "webhook: the recipient 'sales' has no webhook; add one in mailing.recipients",
        ),
        (
            "campaigns",
            "category: news",
            "category: news\n    exit: [{event: Asked}, {lead.phase: nope}]",
            "campaigns.yaml:6: campaigns.tips.exit.1.lead.phase: lead.phase: is never 'nope'; possible values: cold",
        ),
        ("campaigns", "category: news", "category: new", "there is no category 'new'; known: news"),
        ("campaigns", "wait: 3d", "wait: 3m", "is shorter than an hour"),
        ("campaigns", "wait: 3d", "waits: 3d", "waits: is not a known key"),
        ("campaigns", "wait: 3d", "{wait: 3d, mail: tips}", "needs exactly one of wait, mail"),
        (
            "campaigns",
            "wait: 3d",
            "mail: tips",
            "the name 'tips' occurs in more than one step; give each step its own name",
        ),
        ("campaigns", "event: {event: Asked}", "event: {properties.a: 1}", "does not name an event"),
        ("campaigns", "{event: Asked}", "{event: [Asked, Nothing]}\n      phase: cold", "needs exactly one of score"),
        ("campaigns", "{lead.phase: cold}", "{event: Asked}", "only_if: event: this condition has no event"),
        ("campaigns", "{lead.phase: cold}", "{lead.phase: hot}", "lead.phase: is never 'hot'"),
        ("campaigns", "{event: Email Opened}", "{lead.phase: cold}", "happened: tests no field of an event"),
        (
            "campaigns",
            "category: news",
            "transactional: true\n    category: news",
            "does not allow category together with transactional",
        ),
        ("campaigns", "category: news", "again: sometimes", "again"),
        ("campaigns", "category: news", "control: 100", "less than 100"),
        (
            "mailing",
            "mail: sales@example.com",
            'mail: "sales@example.com\\nBcc: x@example.com"',
            "recipients.sales.mail",
        ),
        ("mailing", "https://crm", "ftp://crm", "recipients.crm.webhook"),
        (
            "mailing",
            "mailing:",
            "mailing:\n  timezone: Europe/Bonn",
            "'Europe/Bonn' is not a time zone; write one such as",
        ),
        ("mailing", "mailing:", 'mailing:\n  window: {from: "25:00"}', "mailing.yaml:2: mailing.window.from"),
        ("mailing", "mailing:", "mailing:\n  window: {days: []}", "days: is empty"),
        ("mailing", "mailing:", "mailing:\n  caps: {per_day: 0}", "greater than or equal to 1"),
        ("mailing", "mailing:", "mailing:\n  language: de", "categories.news.title: has no text in 'de'"),
        (
            "mailing",
            "mailing:",
            "mailing:\n  language: xx",
            "mailing.language: 'xx' is not a language; write its two small",
        ),
        (
            "mailing",
            "title: {en: News}",
            "title: {german: News}",
            "3: mailing.categories.news.title.german: 'german' is not",
        ),
        (
            "mailing",
            "mailing:",
            "mailing:\n  from_name: {de: Wir}",
            "mailing.from_name: has no text in 'en', which is the",
        ),
        (
            "mailing",
            "mailing:",
            "mailing:\n  from_name: 7",
            "mailing.from_name: needs a text; a number as a text needs quotes (it is 7)",
        ),
        ("mailing", "mailing:", "mailing:\n  imprint: {}", "mailing.imprint: has no text in 'en'"),
        (
            "mailing",
            "mailing:",
            "mailing:\n  reply_to: {en: a@example.com, de: b}",
            "mailing.reply_to.de: write an address such as",
        ),
        (
            "campaigns",
            "category: news",
            "category: news\n    reply_to: {de: a@example.com}",
            "reply_to: has no text in 'en'",
        ),
        (
            "content",
            'link: {en: "https',
            'link: {de: "https',
            "content.guide.title: has no text in 'de', a language in",
        ),
        ("content", 'link: {en: "https://example.com/guide"}', "link: {}", "content.guide.link: has no language; add"),
        ("content", "title: {en: A guide}", "title: {}", "content.guide.title: has no text in 'en'"),
        ("content", "kind: guide", "kind: guide\n    personas: [owner]", "there is no persona 'owner'; known: none"),
        ("content", "https://example.com/guide", "javascript:alert(1)", "content.guide.link.en"),
        ("offers", "link: {en: /workshop}", 'link: {en: "javascript:x"}', "offers.workshop.link.en"),
        (
            "offers",
            "  workshop:",
            "  workshop:\n    slot: side",
            "offers.workshop.slot: is required for the placement slot",
        ),
        ("offers", "  workshop:", "  workshop:\n    phases: [hot]", "there is no phase 'hot'; known: cold"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_remedy(file, old, new, expected):
    found = problems(file, old, new)

    assert any(problem.startswith(f"rules/{file}.yaml:") and expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        ("Email Sent", "mail: tips"),
        ("Lead Handed Off", "handoff: sales"),
        ("Lead Assigned", "handoff: sales"),
        ("Colleague Notified", "notify: sales"),
        ("Webhook Delivered", "webhook: crm"),
    ],
)
def test_a_campaign_that_starts_itself_has_to_wait(outcome, step):
    at_once = (
        "campaigns:\n  tips:\n    start:\n      event: {event: %s}\n    transactional: true\n    steps:\n      - %s\n"
    )
    files = FILES | {"rules/campaigns.yaml": at_once % (outcome, step)}

    with pytest.raises(
        InvalidConfigurationError,
        match=f"steps emit {outcome}, so it would restart forever; add a wait step or set again",
    ):
        build({path: text.encode() for path, text in files.items()})
    again = files["rules/campaigns.yaml"] + "    again: 1d\n"
    build({path: text.encode() for path, text in (files | {"rules/campaigns.yaml": again}).items()})


def notifying(start, step="{notify: sales}"):
    """The problems of a campaign with one step."""
    campaign = f"campaigns:\n  told:\n    start: {{event: {start}}}\n    steps:\n      - {step}\n"
    try:
        build({path: text.encode() for path, text in (FILES | {"rules/campaigns.yaml": campaign}).items()})
    except InvalidConfigurationError as error:
        return "\n".join(error.problems)
    return ""


def test_a_campaign_may_start_with_what_only_others_emit():
    assert notifying("{event: [Lead Handed Off, Deal Won]}") == ""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{handoff: sales, says: reminder}", "allows says only together with notify"),
        ("{mail: tips, to: another_rep}", "allows to only together with notify"),
        ("{notify: sales, to: another_rep}", "there are no reps; add rules/people.yaml, or leave to out"),
        ("{notify: sales, to: another_rep, says: reminder}", "allows at most one of to and says"),
        ("{notify: sales, says: hello}", "campaigns.told.steps.0.says"),
        ("{notify: sales, to: ann}", "campaigns.told.steps.0.to"),
    ],
)
def test_a_mistake_in_a_notification_to_sales_is_reported(step, expected):
    assert expected in notifying("{event: Deal Won}", step)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            "{event: Used, lead.sales: Lead Retruned}",
            "lead.sales: is never 'Lead Retruned'; possible values: Deal Lost",
        ),
        ("{event: Used, lead.held: 1}", "lead.held: is never 1; its value is true or false"),
        ("{event: Used, lead.held: true, $or: [{lead.held: false}, {lead.known: true}]}", "lead.held: cannot be False"),
        ("{event: Lead Returned, properties.reason: too-erly}", "properties.reason: is never 'too-erly'; possible"),
        ("{event: Lead Disqualified, properties.reason: no-need}", "properties.reason: is never 'no-need'"),
    ],
)
def test_a_condition_that_no_decision_meets_is_reported(condition, expected):
    assert expected in notifying(condition)


def test_deals_may_have_reasons_of_the_crm():
    assert notifying("{event: [Deal Lost, Lead Returned], properties.reason: our-own}") == ""
