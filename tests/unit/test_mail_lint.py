"""`ripen mail lint`, `preview` and `test`: mistakes are reported with file and line before a mail is sent."""

import pytest
from click.testing import CliRunner

from adapters.rules.rule_files import build
from ripen_cli import mail as mail_command
from ripen_cli.deployment import Deployment
from ripen_cli.mail_kinds import kinds
from ripen_cli.mail_lint import lint
from ripen_cli.mail_sample import Kit
from ripen_cli.main import main
from ripen_cli.project import RULES, rule_files
from stories import few_rules

MAILING = b"""mailing:
  from_name: Ripen
  imprint:
    en: |-
      Ripen & Co.
      1 Orchard Road
    de: |-
      Ripen & Co.
      Obstweg 1
  surveys:
    nps:
      question: {en: How likely are you to recommend us?}
"""
NAME = "mails/personal-note/en.mjml"


@pytest.fixture
def files():
    return few_rules() | {"rules/mailing.yaml": MAILING}


def told(files):
    return [str(finding) for finding in lint(files) if finding.file.startswith(("mails", "rules"))]


def with_body(files, *lines):
    head = "<mj-title>Hi</mj-title><mj-preview>Hello</mj-preview>"
    return files | {NAME: "\n".join([head, *lines]).encode()}


def test_the_starter_mails_have_no_findings():
    assert told(rule_files(RULES)) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('<mj-image src="https://www.example.com/a.png" />', "error: <mj-image> has no alt text; describe the picture"),
        ('<mj-text><img src="https://www.example.com/a.png" /></mj-text>', "error: <img> has no alt text"),
        (
            '<mj-image alt="" src="http://www.example.com/a.png" />',
            "error: src: http://www.example.com/a.png is not enc",
        ),
        ("<mj-button>Go</mj-button>", "error: <mj-button> has no href"),
        ('<mj-button href="">Go</mj-button>', "error: href: the link is empty"),
        ('<mj-button href="#">Go</mj-button>', "error: href: the link is empty"),
        ('<mj-button href="www.example.com">Go</mj-button>', "error: href: www.example.com has no scheme"),
        ('<mj-button href="/guide">Go</mj-button>', "error: href: /guide has no scheme"),
        ('<mj-button href="javascript:alert(1)">Go</mj-button>', "error: href: javascript:alert(1) has no scheme"),
        ('<mj-button href="https:///guide">Go</mj-button>', "error: href: https:///guide has no host"),
        ('<mj-button href="https://[">Go</mj-button>', "error: href: https://[ is not a valid link"),
        ('<mj-button href="http://example.com/">Go</mj-button>', "error: href: http://example.com/ is not encrypted"),
        (
            '<mj-button href="http://localhost:8000/">Go</mj-button>',
            "error: href: http://localhost:8000/ leads to the reader's",
        ),
        (
            '<mj-button href="https://127.0.0.1/">Go</mj-button>',
            "error: href: https://127.0.0.1/ leads to the reader's own machine",
        ),
        ("<mj-text>{{ lead.nickname }}</mj-text>", "error: there is no lead.nickname"),
        ("<mj-text>{{ lead.traits.nickname }}</mj-text>", "error: cannot be rendered for every lead: UndefinedError"),
        ('<mj-text widht="3">x</mj-text>', "error: <mj-text> has no attribute 'widht'"),
    ],
)
def test_each_mistake_is_reported_with_its_line(files, line, expected):
    found = told(with_body(files, "", line))

    assert any(text.startswith(f"{NAME}:3: {expected}") for text in found), found


@pytest.mark.parametrize(
    "line",
    [
        '<mj-button href="{% if lead.name %}https://a.example/{% else %}https://b.example/{% endif %}">x</mj-button>',
        '<mj-button href="mailto:sales@example.com">x</mj-button>',
        '<mj-button href="{{ mail.feedback[9] }}">x</mj-button>',
        '<mj-image alt="" src="https://www.example.com/{{ mail.language }}.png" />',
        '<mj-text>{{ lead.traits.nickname | default("you") }}</mj-text>',
    ],
)
def test_correct_mails_have_no_findings(files, line):
    assert told(with_body(files, line)) == []


@pytest.mark.parametrize(("kilobytes", "expected"), [(80, None), (91, "warning"), (103, "error")])
def test_a_mail_that_gmail_would_clip_is_reported(files, kilobytes, expected):
    base = len("x" * (kilobytes * 1024))

    found = [text for text in told(with_body(files, f"<mj-text>{'x' * (base - 9_000)}</mj-text>")) if "Gmail" in text]

    assert ([] if expected is None else [expected]) == [text.split(": ")[1] for text in found]


def test_a_long_subject_a_missing_preheader_and_a_missing_language_are_warnings(files):
    del files["mails/personal-note/de.mjml"]
    source = f"\n<mj-title>{'Long ' * 20}</mj-title><mj-text>x</mj-text>"

    assert told(files | {NAME: source.encode()}) == [
        f"{NAME}:1: warning: has no <mj-preview>; add the text that inboxes show after the subject",
        f"{NAME}:1: warning: has no version in 'de', but other mails have one",
        f"{NAME}:2: warning: the subject has 99 characters; many inboxes cut it off after 78",
    ]


def test_a_mail_without_imprint_preferences_and_unsubscribe_link_is_reported(files):
    whole = """<mjml><mj-head><mj-title>Hi</mj-title><mj-preview>x</mj-preview></mj-head><mj-body><mj-section>
    <mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body></mjml>"""

    assert [text.removeprefix(f"{NAME}:1: ") for text in told(files | {NAME: whole.encode()})] == [
        "error: does not show the imprint in its text part; add mail.imprint",
        "error: does not show the imprint; add mail.imprint",
        "error: has no link to the preferences in its text part; add mail.preferences_url",
        "error: has no link to the preferences; add mail.preferences_url",
        "error: has no link to unsubscribe in its text part; add mail.unsubscribe_url",
        "error: has no link to unsubscribe; add mail.unsubscribe_url",
        "warning: has no hidden link, which detects link scanners; add mail.trap_url",
    ]


def test_a_missing_imprint_is_an_error(files):
    files["rules/mailing.yaml"] = b"mailing: {from_name: Ripen}\n"

    assert told(files) == [
        "rules/mailing.yaml:1: error: mailing.imprint: is missing; add it, because every mail must name its sender"
    ]


# ---------------------------------------------------------------- the commands


@pytest.fixture
def folder(files, tmp_path):
    for name, content in files.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["mail", *map(str, arguments)])


def test_lint_ends_with_1_when_there_is_an_error(folder):
    assert run("lint", folder).exit_code == 0

    (folder / NAME).write_text("<mj-title>Hi</mj-title><mj-button>Go</mj-button>")

    done = run("lint", folder)
    assert done.exit_code == 1
    assert f"{NAME}:1: error: <mj-button> has no href" in done.output


def test_a_preview_shows_the_mail_on_a_phone_and_on_a_desktop(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(mail_command, "ROOT", tmp_path)

    done = run("preview", "first-steps", "--language", "de", "--no-open", "--folder", folder)

    assert done.exit_code == 0, done.output
    page = (tmp_path / "build" / "mails" / "first-steps.de.html").read_text()
    assert 'sandbox width="375"' in page
    assert 'sandbox width="800"' in page
    assert "Willkommen, Frau Lovelace: Ihre ersten drei Schritte" in page
    assert "Guten Tag Frau Lovelace," in page
    assert " &lt;SenderAddress of the stack&gt;</dd>" in page
    assert "<dt>Reply-To</dt><dd>" in page
    assert "<dt>Behind the subject</dt><dd>" in page


def test_a_preview_of_a_mail_by_reps_is_in_the_name_of_one_who_speaks_its_language(tmp_path, monkeypatch):
    monkeypatch.setattr(mail_command, "ROOT", tmp_path)

    done = run("preview", "personal-note", "--language", "de", "--no-open", "--folder", RULES)

    assert done.exit_code == 0, done.output
    page = (tmp_path / "build" / "mails" / "personal-note.de.html").read_text()
    assert "<dt>From</dt><dd>Lena Lindner &lt;" in page
    assert "<dt>Reply-To</dt><dd>lena.lindner@example.com</dd>" in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["unknown"], "there is no mail 'unknown'"), (["first-steps", "--language", "fr"], "has no version in 'fr'")],
)
def test_a_preview_of_an_unknown_mail_or_language_is_refused(folder, arguments, expected):
    done = run("preview", *arguments, "--no-open", "--folder", folder)

    assert done.exit_code == 1
    assert expected in done.output


class FakeSes:
    def __init__(self):
        self.mails = []

    def send_email(self, **mail):
        self.mails.append(mail)
        return {"MessageId": "1"}


def test_a_test_mail_is_marked_and_not_tracked(folder, monkeypatch):
    ses = FakeSes()
    monkeypatch.setattr("adapters.delivery.mailer.reconnected", lambda _service: ses)
    place = Deployment("ripen", "table", "rules", "secret", 730, "hello@example.com", "https://go.example")
    monkeypatch.setattr("ripen_cli.deployment._stack", lambda _name: place)

    done = run("test", "first-steps", "--to", "me@example.com", "--folder", folder)

    assert done.exit_code == 0, done.output
    [sent] = ses.mails
    mime = sent["Content"]["Raw"]["Data"].decode()
    assert "Subject: [Test] Welcome, Ada: your first three steps" in mime
    assert "List-Unsubscribe" not in mime
    assert "rt=" not in mime
    assert "ConfigurationSetName" not in sent
    assert sent["EmailTags"] == []


def test_lint_lists_the_mails_that_are_sent_after_an_unsubscription(tmp_path):
    done = run("lint", RULES)

    assert (
        "Transactional, sent after an unsubscription too, never after a complaint or a permanent bounce: "
        "confirm-subscription, first-steps, receipt, workshop-agenda.\n"
    ) in done.output
    [marketing] = [line for line in done.output.splitlines() if line.startswith("Marketing, sent after a double")]
    assert "newsletter" in marketing
    assert "workshop-agenda" not in marketing


def test_mails_of_both_kinds_and_unused_mails_are_listed(files):
    campaigns = b"""campaigns:
  asked: {start: {event: {event: Asked}}, mail: first-steps, transactional: true}
  tips: {start: {event: {event: Tips Wanted}}, mail: first-steps}
"""

    told = kinds(Kit(*build(files | {"rules/campaigns.yaml": campaigns})))

    assert told == [
        "Transactional in one campaign and marketing in another: first-steps.",
        "Sent by no campaign: confirm-subscription, personal-note, workshop-agenda.",
    ]
