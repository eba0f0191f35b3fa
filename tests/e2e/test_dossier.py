"""A rep opens the link of a mail in a browser and decides, and so does a server; permissions are enforced."""

import json
import urllib.request

import pytest

from adapters.identity.link_tokens import DossierLink, issue_dossier
from e2e.conftest import SERVER_KEY
from ripen.storage.ledger import RECORD_KEY
from ripen_cli.demo.mailbox import mails
from ripen_cli.demo.times import clock

LEAD = "u:dossier"


def posted(url, body):
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def known(cloud, wait_for):
    """A lead that a server has told of, with a record."""
    traits = {"email": "dora@lead.example", "firstName": "Dora", "lastName": "Dahl", "company": "Dahl Bau"}
    call = {"type": "identify", "userId": "dossier", "traits": traits}
    assert posted(f"{cloud.track_url}/v1/batch", {"writeKey": SERVER_KEY, "batch": [call]})["success"]
    key = {"pk": {"S": LEAD}, "sk": {"S": RECORD_KEY}}
    table = cloud.client("dynamodb")
    wait_for("the record", lambda: "Item" in table.get_item(TableName=cloud.table, Key=key))


@pytest.fixture
def link(cloud, known):
    """The link in the mail of Lena, a rep of the starter rules."""
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.link_secret)["SecretString"]
    token = issue_dossier([secret.encode()], DossierLink(LEAD, "rep.lena", "sales-handoff_1_1"), clock())
    return f"{cloud.sales_url}/v1/dossier?t={token}"


def test_a_rep_opens_the_link_decides_and_undoes_it(browser, link):
    with browser.new_context(locale="en-GB", viewport={"width": 375, "height": 700}) as context:
        page = context.new_page()
        page.goto(link)
        assert "Dora" not in page.content()
        page.locator("button").click()
        assert page.locator("h1").inner_text() == "Dora Dahl"
        page.locator("summary", has_text="Zu früh").click()
        page.locator(".return textarea").fill("Ab Mai wieder")
        page.locator(".return button").click()
        assert page.locator("[role=status]").inner_text() == "Gespeichert: Zurückgegeben"
        assert "Ab Mai wieder" in page.content()
        page.locator("button[name=undo]").click()
        assert "zurückgenommen" in page.locator("[role=status]").inner_text()


def test_on_another_device_the_link_only_mails_a_new_one(cloud, browser, link):
    with browser.new_context() as first:
        page = first.new_page()
        page.goto(link)
        page.locator("button").click()
        page.wait_for_selector("text=Dora Dahl")
    with browser.new_context() as second:
        page = second.new_page()
        page.goto(link)
        page.locator("button").click()
        assert "Dora" not in page.content()
        page.locator("button[name=renew]").click()
        page.wait_for_selector("text=unterwegs")

    assert "/v1/dossier?t=" in next(mail.text for mail in mails(cloud) if mail.recipient == "lena.lindner@example.com")


def test_a_server_decides(cloud, known):
    told = {"writeKey": SERVER_KEY, "id": "1", "decision": "meeting", "email": "dora@lead.example"}

    first, again = (posted(f"{cloud.sales_url}/v1/decisions", told) for _ in range(2))

    assert (first["fresh"], again["fresh"]) == (True, False)
