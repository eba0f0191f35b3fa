"""Reads outbound messages of Salesforce (SOAP 1.1), and the answer that acknowledges one.

The parser reads no document type, resolves no entities and opens no address:
https://lxml.de/FAQ.html#how-do-i-use-lxml-safely-as-a-web-service-endpoint.
"""

from __future__ import annotations

from lxml import etree

from answers.errors import RefusedRequestError
from ripen.crm.salesforce import Notification, OutboundMessage

MOST_NOTIFICATIONS = 100
"""Salesforce sends at most 100 notifications in a message."""
_MOST_FIELDS = 500
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

ACKNOWLEDGED = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


def read_message(body: bytes) -> OutboundMessage:
    """The outbound message in a body. Raises RefusedRequestError: 400, or 413 if it has too many notifications."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _no_message("is not XML") from None
    if root.getroottree().docinfo.doctype:
        raise _no_message("has a document type")
    message = root.find(f"{_ENVELOPE}Body/{_OUTBOUND}notifications")
    if message is None:
        raise _no_message("has no notifications")
    found = message.findall(f"{_OUTBOUND}Notification")
    if len(found) > MOST_NOTIFICATIONS:
        raise RefusedRequestError(413, "Notification", f"comes {len(found)} times", f"at most {MOST_NOTIFICATIONS}")
    return OutboundMessage(_text(message, "OrganizationId"), tuple(map(_notification, found)))


def _notification(found: etree._Element) -> Notification:
    record = found.find(f"{_OUTBOUND}sObject")
    fields: dict[str, str] = {}
    for field in [] if record is None else record[:_MOST_FIELDS]:
        if isinstance(field.tag, str) and field.get(_NIL) != "true":
            fields[etree.QName(field).localname] = (field.text or "").strip()
    return Notification(_text(found, "Id"), fields)


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(f"{_OUTBOUND}{name}") or "").strip()


def _no_message(problem: str) -> RefusedRequestError:
    return RefusedRequestError(400, "body", problem, "an outbound message of Salesforce")
