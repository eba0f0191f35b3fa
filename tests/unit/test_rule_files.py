import pytest

from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError
from ripen_cli.project import RULES, rule_files
from stories import few_rules
from unit.rule_texts import without_columns


@pytest.fixture
def files():
    return rule_files(RULES)


def problems(files):
    with pytest.raises(InvalidConfigurationError) as error:
        build(files)
    return without_columns(error.value.problems)


def edit(files, name, old, new):
    assert old.encode() in files[name]
    return files | {name: files[name].replace(old.encode(), new.encode(), 1)}


def test_the_starter_rules_are_valid_and_have_the_eight_phases(files):
    configuration, _, _ = build(files)

    assert list(configuration.phases) == [
        "awareness",
        "information",
        "consultation",
        "purchase",
        "retention",
        "development",
        "loss",
        "reactivation",
    ]


def test_the_version_depends_on_the_content_alone(files):
    reordered = dict(reversed(files.items()))
    commented = files | {"rules/scoring.yaml": files["rules/scoring.yaml"] + b"# a remark\n"}
    changed = edit(files, "rules/scoring.yaml", "points: 20", "points: 21")

    assert build(files)[2] == build(reordered)[2] == build(commented)[2]
    assert build(files)[2] != build(changed)[2]


@pytest.mark.parametrize(
    "saved",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
    ],
    ids=["Windows", "old Mac", "byte order mark", "Windows with byte order mark"],
)
def test_line_ends_and_byte_order_marks_do_not_change_the_version(saved):
    files = few_rules() | {"mails/first-steps/en.txt": b"Hello,\n\nhow are you?\n"}

    assert build({name: saved(content) for name, content in files.items()}) == build(files)


def test_a_mistake_in_a_file_saved_on_windows_is_named_with_its_line(files):
    wrong = edit(files, "rules/scoring.yaml", "half_life: 90d", "half_life: 0d")

    assert problems({name: content.replace(b"\n", b"\r\n") for name, content in wrong.items()}) == problems(wrong)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "scoring",
            "half_life: 90d",
            "half_life: 0d",
            "rules/scoring.yaml:7: profiles.engagement.half_life: '0d' is not a duration",
        ),
        (
            "scoring",
            "half_life",
            "half_live",
            "rules/scoring.yaml:7: profiles.engagement.half_live: is not a known key",
        ),
        (
            "scoring",
            "points: 20",
            "points: many",
            "rules/scoring.yaml:36: profiles.engagement.rules.signed-up.points: ",
        ),
        (
            "scoring",
            "wildcard",
            "wildcart",
            "rules/scoring.yaml:23: profiles.engagement.rules.topic-page.when: properties.path: ",
        ),
        (
            "scoring",
            "half_life: 90d",
            "half_life: 99999w",
            "'99999w' is longer than a hundred years; write 36500d or less",
        ),
        (
            "scoring",
            "{event: Signed Up}",
            "{evnt: Signed Up}",
            "signed-up.when: evnt: is not a field of an event; known fields:",
        ),
        (
            "scoring",
            "{event: Signed Up}",
            "{event: {prefixx: S}}",
            "when: event.prefixx: event is a text, and 'prefixx' is not an operator",
        ),
        (
            "scoring",
            "{event: Signed Up}",
            "{$or: [{event: a}, {trait.b: c}]}",
            "when: trait.b: is not a field of an event",
        ),
        (
            "phases",
            "below: 5",
            "under: 5",
            "rules/phases.yaml:10: phases.awareness.enter.0.score.under: is not a known key",
        ),
        ("phases", "in_phase_for: 30d", "in_phase_for: 30s", "rules/phases.yaml:37: "),
        ("phases", "from: [loss]", "from: [lost]", "there is no phase 'lost'; known: awareness, consultation"),
        (
            "campaigns",
            "mail: first-steps",
            "mail: first",
            "rules/campaigns.yaml:263: campaigns.onboarding.steps.0.mail: there is no mail",
        ),
        ("campaigns", "profile: engagement", "profile: value", "there is no profile 'value'; known: engagement, fit"),
        ("campaigns", "phase: purchase", "phase: buying", "there is no phase 'buying'"),
        (
            "campaigns",
            "start: {phase: purchase}",
            "start: {phase: purchase, after: {event: x}}",
            "allows after only together with score",
        ),
        ("sources", "kind: browser", "kind: server", "kind server needs write_key_sha256, and neither write_key"),
        ("sources", '["*"]', '["www.example.com"]', "rules/sources.yaml:81: sources.website.origins.0: "),
        ("sources", "  website:", "  ripen:", "is a reserved name"),
        ("campaigns", "at_least: 150", "at_least: -1", "greater than or equal to 0.1 (it is -1)"),
        (
            "campaigns",
            "campaigns:",
            "campaign:",
            "rules/campaigns.yaml:4: campaign: is not allowed here; known: campaigns",
        ),
        ("campaigns", "mail: first-steps", "mail: [", "rules/campaigns.yaml:"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_remedy(files, name, old, new, expected):
    found = problems(edit(files, f"rules/{name}.yaml", old, new))

    assert any(expected in problem for problem in found), found


def test_two_sources_with_the_same_key_are_refused(files):
    text = files["rules/sources.yaml"] + b"  shop:\n    kind: browser\n    write_key: website\n    origins: ['*']\n"

    [problem] = problems(files | {"rules/sources.yaml": text})

    assert problem.startswith("rules/sources.yaml:85: sources.shop: has the same write key as website")


def test_duplicate_keys_are_refused(files):
    text = files["rules/campaigns.yaml"] + b"  onboarding:\n    start: {phase: loss}\n    mail: first-steps\n"

    [problem] = problems(files | {"rules/campaigns.yaml": text})

    assert problem.startswith('rules/campaigns.yaml:546: the key "onboarding" occurs more than once')


def test_a_missing_file_and_an_unknown_file_are_both_reported(files):
    rest = {name: content for name, content in files.items() if name != "rules/phases.yaml"}

    found = problems(rest | {"rules/phase.yaml": b""})

    assert "rules/phases.yaml: is missing" in found
    assert any(problem.startswith("rules/phase.yaml: is not a rule file") for problem in found)


@pytest.mark.parametrize("text", ["profiles: &a\n  <<: *a\n", "profiles: " + "[" * 20_000])
def test_a_file_nested_in_itself_or_too_deeply_is_a_problem(files, text):
    found = problems(files | {"rules/scoring.yaml": text.encode()})

    assert all(problem.startswith("rules/scoring.yaml") for problem in found)


def test_nested_aliases_do_not_explode(files):
    lines = ["profiles:", "  a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]

    found = problems(files | {"rules/scoring.yaml": "\n".join(lines).encode()})

    too_many = "has too many values after the expansion of aliases and merge keys"
    assert found == [f"rules/scoring.yaml:6: {too_many}; the limit is 50000"]


def test_invalid_utf8_is_refused(files):
    assert any(
        "is not valid YAML in UTF-8" in problem for problem in problems(files | {"rules/scoring.yaml": b"\xff\xfe\x00"})
    )
