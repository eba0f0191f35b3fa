"""The pages behind links of mails in a browser, without a mouse."""

from secrets import token_hex

import pytest

from adapters.identity.link_tokens import issue_page
from ripen.storage.ledger import read_events
from ripen_cli.demo.times import clock

MOST_KEYS = 40
FOCUSED = "document.activeElement"


@pytest.fixture
def link(cloud):
    """The address of a page as a mail to `a:reader` has it."""
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.link_secret)["SecretString"]
    token = issue_page([secret.encode()], "a:reader", f"I#{token_hex(32)}", "tips_tips_1", clock())
    return lambda page: f"{cloud.track_url.rstrip('/')}/v1/{page}?t={token}"


@pytest.fixture
def written(cloud):
    """The events of the reader, who is a lead, by name."""
    record = {"pk": {"S": "a:reader"}, "sk": {"S": "P"}, "version": {"N": "1"}}
    cloud.client("dynamodb").put_item(TableName=cloud.table, Item=record)

    def read():
        query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a:reader"}}}
        found = cloud.client("dynamodb").query(TableName=cloud.table, ConsistentRead=True, **query)["Items"]
        items = [
            {"pk": "a:reader", "sk": item["sk"]["S"], "data": item["data"]["S"]}
            for item in found
            if item["sk"]["S"][:2] == "E#"
        ]
        return {event.name: dict(event.properties) for event in read_events(items)}

    return read


@pytest.fixture
def tab(context):
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 480})  # a window of 640 pixels at 200 %
    return page


def go_to(page, selector):
    """Press Tab until the focus is on what the selector names; the focus has to be seen there."""
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        if page.evaluate(f"{FOCUSED}.matches({selector!r})"):
            assert page.evaluate(f"getComputedStyle({FOCUSED}).outlineStyle") == "solid"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def heading(page):
    """The heading of a page that fits into its window."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return page.locator("h1").inner_text()


def press(page, key):
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_reader_unsubscribes_chooses_and_confirms_by_keyboard(tab, link, written):
    tab.goto(link("unsubscribe"))
    assert heading(tab) == "Unsubscribe from our mails?"
    assert written() == {}
    go_to(tab, "button")
    press(tab, "Enter")
    assert heading(tab) == "You are unsubscribed"

    go_to(tab, "a")
    press(tab, "Enter")
    assert heading(tab) == "Your settings for our mails"
    go_to(tab, "input[name=pause]")
    tab.keyboard.press("ArrowDown")
    go_to(tab, "select")
    go_to(tab, "button[value=save]")
    press(tab, "Space")
    assert heading(tab) == "Saved"

    tab.goto(link("confirm"))
    assert heading(tab) == "Please confirm"
    agreed = tab.locator("#agreed").inner_text()
    go_to(tab, "button")
    press(tab, "Enter")
    assert heading(tab) == "Thank you"

    events = written()
    assert events.keys() == {"Unsubscribed", "Preferences Changed", "Subscription Confirmed"}
    assert events["Preferences Changed"]["pause_days"] == 14
    assert events["Subscription Confirmed"]["text"] == agreed
    assert events["Subscription Confirmed"]["ip"].endswith("/24")


def test_the_style_is_allowed_and_every_field_has_a_name(tab, link):
    troubles = []
    tab.on("console", lambda message: troubles.append(message.text))
    for page in ("unsubscribe", "preferences", "confirm"):
        tab.goto(link(page))
        assert tab.evaluate("getComputedStyle(document.querySelector('button')).fontWeight") == "600"
        assert tab.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select')].every(f => f.labels.length)"
        )

    assert [trouble for trouble in troubles if "favicon" not in trouble] == []
