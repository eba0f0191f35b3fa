"""`/v1/dossier`: the page about a lead behind the signed link of a colleague, and the decisions on it.

A GET shows a button and nothing about the lead, because programs that check mails open every link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.delivery.dossier_links import mail_link, may_mail_link
from adapters.identity.link_tokens import issue_dossier
from adapters.runtime.secrets import keys
from adapters.runtime.settings import SalesSettings, settings
from adapters.store.load_lead import load_merged_lead
from adapters.tracking.mail_replies import keep_reply
from answers.errors import PageError
from answers.form import Form, read_form
from answers.responses import Answer
from ripen.errors import (
    InvalidDecisionError,
    LeadGoneError,
    MailOutcomeUnknownError,
    MailRefusedError,
    MailThrottledError,
)
from ripen.events.event import RIPEN, Event, Received
from ripen.fold.fold import fold
from ripen.sales.decisions import OPENED
from ripen.storage.ledger import event_items
from ripen.storage.merged_lead import MergedLead
from ripen.times import HOUR
from sales.pages.forms import Sent, sent
from sales.pages.html import html_answer
from sales.pages.texts import TEXTS
from sales.pages.view import Shown, dossier_page
from sales.pages.visitor import Visitor, admit, visitor
from services.deciding import Superseded, check_reachable, decide, undo


def answer_dossier(event: Mapping[str, Any]) -> Answer:
    """Show the button, or open the page and do what its form asks for. Raises PageError."""
    who = visitor(event)
    say = TEXTS[who.language]
    if event["requestContext"]["http"]["method"] != "POST":
        return html_answer("door.html", who.language, title=say["door_title"], text=say["door_text"])
    form = read_form(event)
    if "renew" in form:
        return _new_link(who)
    try:
        cookie = admit(event, who)
    except PageError as error:
        if error.kind != "expired":
            raise
        return _renewable(who, "expired", error.status)
    if cookie is None:
        return _renewable(who, "used", 403)
    try:
        answer = _answer(event, who, form)
    except LeadGoneError as error:
        raise PageError(410, "withdrawn" if error.reason == "withdrawn" else "gone") from None
    return {**answer, "cookies": [cookie]}


def _answer(event: Mapping[str, Any], who: Visitor, form: Form) -> Answer:
    if "decide" in form:
        return _decide(who, sent(form))
    if "undo" in form:
        return _undo(who, sent(form))
    tree = _load(who)
    _note_opening(who, tree)
    asked = (event.get("queryStringParameters") or {}).get("d", "")
    return _page(who, tree, Shown(chosen=asked))


def _load(who: Visitor) -> MergedLead:
    tree = load_merged_lead(settings(SalesSettings).table_name, who.link.subject, who.at)
    check_reachable(tree)
    return tree


def _page(who: Visitor, tree: MergedLead, shown: Shown) -> Answer:
    lead = fold(tree.record.subject, tree.events, who.rules, who.at)
    return dossier_page(who, lead, tree.ledgers, shown)


def _note_opening(who: Visitor, tree: MergedLead) -> None:
    """Tell the ledger, once an hour, that this colleague looked at the dossier."""
    recent = (one for one in tree.events if one.source == RIPEN and one.name == OPENED and one.at > who.at - HOUR)
    if any(one.properties.get("by") == who.by for one in recent):
        return
    opened = Event(f"dossier:{who.by}:{who.at}", OPENED, who.at, RIPEN, properties={"by": who.by})
    configured, subject = settings(SalesSettings), tree.record.subject
    [item] = event_items([Received(subject, who.at, who.at, opened)], configured.retention_days)
    keep_reply(configured.table_name, item)


def _decide(who: Visitor, form: Sent) -> Answer:
    try:
        decision, seen = form.decision(who.by), form.typed["seen"]
        done = decide(settings(SalesSettings), who.link.subject, decision, id_=form.id, at=who.at, seen=seen)
    except InvalidDecisionError as error:
        return _page(who, _load(who), Shown(400, chosen=form.kind, typed=form.typed, wrong=error.field))
    if isinstance(done, Superseded):
        return _page(who, _load(who), Shown(409, chosen=form.kind, typed=form.typed, superseded=True))
    return _page(who, _load(who), Shown(done=done.event.name))


def _undo(who: Visitor, form: Sent) -> Answer:
    try:
        done = undo(settings(SalesSettings), who.link.subject, form.typed["of"], by=who.by, at=who.at)
    except InvalidDecisionError:
        return _page(who, _load(who), Shown(400, wrong="undo"))
    if isinstance(done, Superseded):
        return _page(who, _load(who), Shown(409, superseded=True))
    return _page(who, _load(who), Shown(done=done.event.name))


def _renewable(who: Visitor, kind: str, status: int) -> Answer:
    say = TEXTS[who.language]
    return html_answer("renew.html", who.language, status, title=say[f"{kind}_title"], text=say[f"{kind}_text"])


def _new_link(who: Visitor) -> Answer:
    """Mail a new link to the colleague's address in the rules, never to who asks."""
    configured, say = settings(SalesSettings), TEXTS[who.language]
    if may_mail_link(configured.table_name, who.link.colleague, who.at):
        token = issue_dossier(keys(configured.link_secret_arn), who.link, who.at)
        link = f"{who.own_url}/v1/dossier?t={token}"
        try:
            mail_link(configured.sender, who.address, link, who.language)
        except (MailThrottledError, MailRefusedError, MailOutcomeUnknownError):
            raise PageError(503, "mail", {"retry-after": "300"}) from None
    return html_answer("message.html", who.language, title=say["renewed_title"], text=say["renewed_text"])
