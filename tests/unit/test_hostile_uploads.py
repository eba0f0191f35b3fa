"""The check of any upload names file and line of a problem, within limits of time and memory."""

import tracemalloc
from pathlib import Path

import pytest

from adapters.mail import mjml_lint, sandbox, template_limits
from adapters.rules import check_process, isolated_check, yaml_files
from adapters.rules.isolated_check import check
from adapters.rules.rule_files import build
from adapters.rules.yaml_files import MOST_VALUES
from ripen.conditions.pattern import MAX_VALUES
from ripen.config.upload_limits import MOST_BYTES, MOST_BYTES_IN_ALL, MOST_FILES, size_problems
from ripen.errors import InvalidConfigurationError
from ripen_cli.project import RULES
from stories import few_rules
from unit.rule_texts import without_columns

SCORING = "rules/scoring.yaml"
TIPS = "mails/tips/en.mjml"
TITLE = "<mj-title>Hi</mj-title>\n"


def problems(change, by=build):
    with pytest.raises(InvalidConfigurationError) as error:
        by(few_rules() | change)
    return without_columns(error.value.problems)


def merged(keys):
    """A mapping, merged into as many others as it has keys."""
    lines = ["profiles:", "  base: &base", *(f"    k{n}: 1" for n in range(keys))]
    return "\n".join([*lines, *(f"  p{n}: {{<<: *base}}" for n in range(keys))])


EXPANDED = "has too many values after the expansion of aliases and merge keys"


def cube(height):
    """Merge keys of merge keys: each level is twice as large as the one before."""
    lines = ["profiles:", "  a0: &a0 {k: 1}"]
    return "\n".join([*lines, *(f"  a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}" for n in range(1, height))])


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        (merged(300), 2, f"{EXPANDED}; the limit is {MOST_VALUES}"),
        (merged(5_000), 2, f"{EXPANDED}; the limit is {MOST_VALUES}"),
        (cube(40), 16, f"{EXPANDED}; the limit is {MOST_VALUES}"),
        ("profiles:\n  a: !!set {x, y}", 2, "the tag !!set is not allowed"),
        ("profiles:\n  a: !!omap [x: 1]", 2, "the tag !!omap is not allowed"),
        ("profiles:\n  a: !!python/object/apply:os.system [x]", 2, "the tag !!python/object/apply:os.system is not"),
        ("profiles:\n  ? [a, b]\n  : c", 2, "a key must be a text, not a list or a mapping"),
        ("profiles:\n  a: {b: 1}\n  a: {c: 1}", 3, 'the key "a" occurs more than once'),
        ("profiles:\n  a: &b {b: 1}\n  c: {<<: *b, d: 1, d: 2}", 3, 'the key "d" occurs more than once'),
        ("profiles:\n  a: &b\n    c: *b", 3, "the alias *b is inside its own anchor"),
        (
            "profiles:\n" + "".join(" " * n + "a:\n" for n in range(1, 400)),
            50,
            "is nested too deeply; the limit is 50 levels",
        ),
        ("profiles:\n  a: " + "[" * 100_000, 2, "is nested too deeply; the limit is 50 levels"),
        ("profiles:\n  a: [" + "[]," * 60_000 + "]", 2, f"has too many values; the limit is {MOST_VALUES}"),
        ("profiles:\n  a: " + "9" * 200_000, 2, "is a number with 200000 characters"),
        ("profiles:\n  a: !!int x", 2, "does not match its tag"),
        ("profiles:\n  a: \x00", 2, "is not valid YAML in UTF-8"),
        ("profiles:\n  a: {b: 1", 2, "has no } at its end"),
    ],
)
def test_excessive_growth_or_nesting_of_yaml_is_reported_with_its_line(text, line, expected):
    [problem] = problems({SCORING: text.encode()})

    assert problem.startswith(f"{SCORING}:{line}: "), problem
    assert expected in problem


def test_invalid_utf8_is_reported_with_its_line():
    assert problems({SCORING: b"profiles:\n  a: \xff"})[0].startswith(f"{SCORING}:2: is not valid YAML in UTF-8")


def test_merge_keys_and_aliases_may_be_used_and_mistakes_in_them_have_the_line_where_they_were_written():
    source = "sources:\n  shop: &shop\n    kind: browser\n    write_key: shop\n    origins: [https://a.example]\n"
    blog = "  blog:\n    <<: *shop\n    write_key: blogs\n"

    configuration, _, _ = build(few_rules() | {"rules/sources.yaml": (source + blog).encode()})
    assert configuration.sources["blog"].origins == ["https://a.example"]
    assert configuration.sources["blog"].write_key == "blogs"

    wrong = source + "    limit_per_minut: 5\n" + blog
    found = problems({"rules/sources.yaml": wrong.encode()})

    place = "rules/sources.yaml:6: sources"
    told = "limit_per_minut: is not a known key. Did you mean 'limit_per_minute'?"
    assert found == [f"{place}.{name}.{told}" for name in ("shop", "blog")]


@pytest.mark.parametrize(
    "condition",
    [
        "{event: [" + "a, " * 20_000 + "]}",
        "{$or: [" + "{event: a}, " * 10_000 + "]}",
        "{" + ", ".join(f"properties.k{n}: v" for n in range(5_000)) + "}",
        "{$or: [" + f"{{event: [{'a, ' * 300}]}}, " * 10 + "]}",
    ],
)
def test_a_condition_with_thousands_of_alternatives_is_reported_with_its_line(condition):
    rule = f"profiles:\n  p:\n    rules:\n      r:\n        when: {condition}\n        points: 1\n"

    found = problems({SCORING: rule.encode()})

    assert found[0].startswith(f"{SCORING}:5: profiles.p.rules.r.when: contains too many keys and values"), found[0][
        :300
    ]
    assert str(MAX_VALUES) in found[0]


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        ("<mj-text>" + "<div>" * 20_000 + "x" + "</div>" * 20_000 + "</mj-text>", 2, "<div> is nested too deeply"),
        (
            "<mj-text>\n" + "<b>\n" * 101 + "</b>" * 101 + "</mj-text>",
            102,
            "<b> is nested too deeply; the limit is 100",
        ),
        ("<mj-text>\n{{ 'x' * 10**8 }}</mj-text>", 3, "cannot be rendered: a repetition has 100000000 characters"),
        ("<mj-text>\n" + "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000 + "</mj-text>", 3, "if: is nested too deeply"),
        ("<mj-text>\n<![x[y]]></mj-text>", 3, "<![ is not allowed in a mail"),
        ("<mj-spacer />\n" * 10_000, 1, "renders to "),
    ],
)
def test_excessive_growth_or_nesting_of_a_mail_is_reported_with_its_line(content, line, expected):
    [problem] = problems({TIPS: (TITLE + content).encode()})

    assert problem.startswith(f"{TIPS}:{line}: "), problem
    assert expected in problem


def test_more_sources_than_fit_into_an_item_are_reported():
    sources = "".join(f"  s{n}: {{kind: browser, write_key: key{n}, origins: ['*']}}\n" for n in range(4_000))

    [problem] = problems({"rules/sources.yaml": f"sources:\n{sources}".encode()})

    assert problem.startswith("rules/sources.yaml:1: sources: has ")


def test_the_number_of_reported_mistakes_is_limited():
    rules = "profiles:\n" + "".join(f"  p{n}: {{}}\n" for n in range(10_000))
    mails = {f"mails/m{n}/en.mjml": b"{{ a }}" * 1_000 for n in range(20)}

    assert len(problems({SCORING: rules.encode()})) <= 200
    assert len(problems(mails)) <= 400


def test_sizes_are_checked_before_any_file_is_read():
    tracemalloc.start()
    found = problems({TIPS: b"x" * (MOST_BYTES + 1), SCORING: b"x" * (MOST_BYTES + 1)})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [problem.partition(":")[0] for problem in found] == [TIPS, SCORING]
    assert most < 5 * MOST_BYTES
    many = {f"mails/m{n}/en.mjml": MOST_BYTES for n in range(MOST_BYTES_IN_ALL // MOST_BYTES + 1)}
    assert "together" in size_problems(many)[0]
    assert size_problems(dict.fromkeys(map(str, range(MOST_FILES + 1)), 0)) == [
        f"rules/ and mails/: contain too many files; the limit is {MOST_FILES}"
    ]
    assert size_problems({"mails/welcome/video.mp4": 150_000_000}) == []  # named as a stranger, and never read


# ---------------------------------------------------------------- in a process of its own


def test_a_check_in_its_own_process_gives_the_same_result():
    assert check(few_rules())[:3] == build(few_rules())
    broken = {SCORING: b"profiles: {", TIPS: b"Hello", "rules/x.py": b"import os"}
    assert problems(broken, check) == problems(broken)


def test_a_crash_of_the_check_is_reported_for_the_file_being_read():
    """Within <script> the checks see text; the compiler of MJML sees elements, and overflows its stack."""
    content = "<mj-raw><script>" + "<div>" * 20_000 + "</div>" * 20_000 + "</script></mj-raw>"

    found = problems({TIPS: (TITLE + content).encode(), "mails/first/en.mjml": b"{{ a }}"}, check)

    assert found[0].startswith("mails/first/en.mjml:1: ")
    assert found[-1].startswith(f"{TIPS}:1: the check of this file ended with SIG"), found


def test_a_check_that_takes_too_long_is_reported():
    [problem] = problems({}, lambda files: check(files, seconds=0.01))

    assert problem == "rules:1: the check takes more than 0.01 seconds; make the file smaller"


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("memory", "x = bytearray(2 << 30)", "tips.mjml:1: the check takes more than 512 MB of memory"),
        ("depth", "exec('def f(): f()\\nf()', {})", "tips.mjml:1: the file is nested too deeply"),
        ("defect", "{}['x']", "tips.mjml:1: the check of this file failed with exit status 1"),
        ("exit", "import os; os._exit(3)", "tips.mjml:1: the check of this file failed with exit status 3"),
        ("kill", "import os; os.kill(os.getpid(), 9)", "tips.mjml:1: the check of this file ended with SIGKILL"),
    ],
)
def test_every_abnormal_end_of_the_process_is_reported_with_a_file_name(monkeypatch, tmp_path, name, body, expected):
    real = Path(isolated_check.__file__).parents[2]
    rules, checks = tmp_path / "adapters" / "rules", real / "adapters" / "rules" / "check_process.py"
    rules.mkdir(parents=True)
    (rules / "check_process.py").write_text(
        f"import sys\nsys.path.insert(0, {str(real)!r})\nimport adapters\nimport adapters.rules\n"
        f"adapters.__path__.append({str(real / 'adapters')!r})\n"
        f"adapters.rules.__path__.append({str(real / 'adapters' / 'rules')!r})\n"
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('real', {str(checks)!r})\n"
        "real = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(real)\n"
        f"def build(files, reading):\n    reading('tips.mjml', [])\n    exec({body!r})\n"
        "real.build = build\nreal.main()\n"
    )
    for package in (tmp_path / "adapters", rules):
        (package / "__init__.py").touch()
    monkeypatch.setattr(isolated_check, "_FUNCTIONS", tmp_path)

    [problem] = problems({}, check)

    assert problem.startswith(expected), problem


def test_the_documented_limits_are_those_of_the_code():
    reference = RULES.parent / "docs" / "reference"
    rules, mails = (" ".join((reference / name).read_text().split()) for name in ("rules.md", "mails.md"))

    for text in (
        f"| {MOST_FILES}, with {MOST_BYTES_IN_ALL >> 20} MB together |",
        f"| {MOST_BYTES >> 10} KB. ",
        f"| {MOST_VALUES} values, ",
        f"; {yaml_files.MOST_DEPTH} levels",
        f"| {MAX_VALUES} keys and values",
        f"{check_process.MOST_BYTES >> 20} MB of memory",
    ):
        assert text in rules, text
    for text in (
        f"| {MOST_BYTES >> 10} KB; its finished page {sandbox.MOST_LETTERS} letters",
        f"| nested elements | {mjml_lint.MOST_DEPTH} |",
        f"| {template_limits.MOST_NESTED}, with {template_limits.MOST_BRANCHES} `elif` each |",
        f"| {template_limits.MOST_WORDS} words and signs, {template_limits.MOST_BRACKETS} nested brackets",
        f"calls together | {sandbox.MOST_STEPS} |",
        f"{sandbox.MOST_LETTERS} letters; a list {sandbox.MOST_ITEMS} items",
        f"or `replace` | {sandbox.MOST_WIDTH} |",
    ):
        assert text in mails, text
    assert isolated_check.MOST_SECONDS == 60, "a minute, the documents say"
