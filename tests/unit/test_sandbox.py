"""Templates are rendered within limits of time and size, for any mail and any traits."""

import pytest
from jinja2.exceptions import SecurityError

from adapters.delivery.mailer import render
from adapters.mail.jinja import compiled, template_problems
from adapters.mail.sandbox import MOST_STEPS
from ripen.config.configuration import MailTemplate
from ripen.errors import MailTemplateError

DOUBLED = "{% set a = 'xxxxxxxxxx' %}"
TOO_MUCH = [
    "{{ 'x' * 10 ** 8 }}",
    "{{ 10 ** 8 * 'x' }}",
    "{{ 'x' * n }}",
    "{{ [1] * n }}",
    "{{ n ** n }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%*d' % (n, 1) }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{:>{}}'.format(1, n) }}",
    "{{ '{:>999999999}'['format'](1) }}",
    "{{ 'x' | center(n) }}",
    "{{ 'x' | indent(n, true) }}",
    "{{ ['x'] | batch(n, 'y') | list }}",
    "{{ ['x'] | map('center', n) | list }}",
    "{{ 'x'.center(n) }}",
    "{{ 'x'.ljust(n) }}",
    "{{ 'x'.zfill(n) }}",
    "{{ ('x' * 1000) | replace('x', 'y' * 5000) }}",
    "{{ ('x' * 1000).replace('x', 'y' * 5000) }}",
    "{{ ('y' * 5000).join(range(1000) | map('string')) }}",
    "{% for a in range(n) %}{% endfor %}",
    "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}" + "x" * 100 + "{% endfor %}",
    "{% macro f(i) %}{% if i %}{{ f(i - 1) }}{{ f(i - 1) }}{% endif %}{% endmacro %}{{ f(20) }}",
    DOUBLED + "{% set a = a ~ a %}" * 30,
    DOUBLED + "{% set a = a + a %}" * 30,
    DOUBLED + "{% set a %}{{ a }}{{ a }}{% endset %}" * 30,
    "{% set x = namespace(a='xx') %}{% for i in range(40) %}{% set x.a = x.a ~ x.a %}{% endfor %}",
]


@pytest.mark.parametrize("source", TOO_MUCH)
@pytest.mark.parametrize("html", [True, False])
def test_an_expensive_expression_is_refused_before_it_runs(source, html):
    with pytest.raises(SecurityError):
        compiled(source, html=html).render(n=10**8)


@pytest.mark.parametrize("source", TOO_MUCH)
def test_an_expensive_mail_fails_like_any_mail_that_cannot_be_rendered(source):
    with pytest.raises(MailTemplateError):
        render(MailTemplate(subject="Hi", html=source, text="Hi"), {"n": 10**8})


def test_an_endlessly_recursive_template_fails_for_its_mail_alone():
    source = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"

    with pytest.raises(MailTemplateError):
        render(MailTemplate(subject="Hi", html=source, text="Hi"), {})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% for a in range(3) %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/3 2/3 3/3 "),
        ("{% for a, b in {'x': 1}.items() %}{{ a }}{{ b }}{% else %}none{% endfor %}", "x1"),
        ("{% for a in [] %}{{ a }}{% else %}none{% endfor %}", "none"),
        ("{{ 'ab' * 3 }} {{ 2 ** 10 }} {{ 7 % 4 }} {{ '%.1f' % 2.34 }} {{ 'a' ~ 1 ~ 'b' }}", "ababab 1024 3 2.3 a1b"),
        ("{{ '%.1f' | format(2.34) }} {{ '{:>5}'.format(1) }} {{ ', '.join(['a', 'b']) }}", "2.3     1 a, b"),
        ("{{ 'a b' | replace(' ', '-') | upper | center(7) }}|{{ [3, 1] | sort | join(',') }}", "  A-B  |1,3"),
        ("{{ missing | default('x' * 2000) | length }} {{ 'x' | truncate(5000) }}", "2000 x"),
        ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(1) }}{{ f(2) }}", "<1><2>"),
        ("{% set x = namespace(n=0) %}{% for i in [1, 2] %}{% set x.n = x.n + i %}{% endfor %}{{ x.n }}", "3"),
    ],
)
def test_expressions_that_mails_need_are_allowed(source, expected):
    assert compiled(source, html=False).render() == expected


def test_iterations_are_counted_over_all_loops_of_a_mail_and_separately_for_each_mail():
    template = compiled("{% for a in range(n) %}{% endfor %}{% for a in range(n) %}{% endfor %}", html=False)

    for _ in range(3):
        template.render(n=MOST_STEPS // 2 - 1)  # the calls of range are counted, too
    with pytest.raises(SecurityError, match=f"the limit is {MOST_STEPS}"):
        template.render(n=MOST_STEPS // 2)


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("\n{{ 'x' * 10 ** 8 }}", 2, "a repetition has 100000000 characters"),
        ("\n\n{{ 'x' * (lead.score.engagement | int * 10 ** 7) }}", 3, "a repetition has"),
        (
            "{% if lead.traits.age > 3 %}\n{{ 'x' | center(10 ** 8) }}{% endif %}",
            2,
            "an argument is too large a number",
        ),
        ("\n{{ ''.__class__ }}", 2, "access to attribute '__class__' of 'str' object is unsafe"),
        ("\n{{ '' | attr('__class__') }}", 2, "access to attribute '__class__' of 'str' object is unsafe"),
        ("\n" + "{% if 1 %}\n" * 3_000 + "{% endif %}" * 3_000, 18, "the limit is 16 nested statements"),
        ("\n{% if 1 %}" + "\n{% elif 1 %}" * 3_000 + "{% endif %}", 53, "the limit is 50 in one if"),
        ("\n{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}", 2, "the limit is 10 nested brackets"),
        ("\n{{ " + "not " * 3_000 + "1 }}", 2, "the limit is 200 words and operators"),
        ("\n{{ 1" + " | int" * 3_000 + " }}", 2, "the limit is 200 words and operators"),
        ("\n" + "{% set a %}" * 3_000 + "{% endset %}" * 3_000, 2, "is not usable as Jinja2"),
        ("\n{{ lipsum(10 ** 6) }}", 2, "there is no variable 'lipsum'"),
    ],
)
@pytest.mark.parametrize("markup", [True, False])
def test_publishing_names_the_line_of_an_expression_that_always_fails(source, line, expected, markup):
    found = [*template_problems(source, markup=markup)]

    assert (found[0][0], expected in found[0][1]) == (line, True), found


@pytest.mark.parametrize(
    "expression",
    [
        "not " * 190 + "1",
        "- " * 190 + "1",
        "1" + " | int" * 60,
        "1" + " + 1" * 60,
        "1" + " ~ 1" * 60,
        "lead.traits" + ".a" * 60,
        "1 if 0 else " * 40 + "2",
        "[" * 10 + "]" * 10,
    ],
)
def test_the_longest_expression_that_may_be_written_can_be_compiled(expression):
    assert [*template_problems(f"{{% if false %}}{{{{ {expression} }}}}{{% endif %}}")] == []
