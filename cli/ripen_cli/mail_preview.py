"""An HTML page that previews a mail at phone and desktop width, with its subject and text part."""

from __future__ import annotations

import re
from html import escape, unescape

from adapters.delivery.mailer import Rendered
from ripen.messages.mail_context import MailContext

PHONE, DESKTOP = 375, 800
"""Widths in pixels."""

_PREVIEW = re.compile(r'<body[^>]*>\s*<div style="display:none[^"]*">([^<]*)</div>')

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #222; background: #e9e9e4; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { color: #666; } dd { margin: 0; }
.frames { display: flex; gap: 1.5rem; align-items: flex-start; flex-wrap: wrap; } figure { margin: 0; }
iframe { border: 1px solid #bbb; background: #fff; height: 900px; }
pre { background: #fff; padding: 1rem; max-width: 800px; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def page(mail: Rendered, letter: MailContext, kind: str, sender: str = "") -> str:
    """The page. The mail is sandboxed: it runs no scripts and opens no windows.

    `kind` is that of `kind_of`. `sender` is the address of the sender, if it is known.
    """
    about = {
        "From": f"{letter.from_name} <{letter.from_address or sender or 'SenderAddress of the stack'}>",
        "Reply-To": letter.reply_to or "the same address",
        "Subject": mail.subject,
        "Behind the subject": preheader(mail.html) or "the beginning of the mail, because it has no <mj-preview>",
        "Campaign": letter.campaign,
        "Kind": kind,
        "Language": letter.language,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in about.items())
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(mail.subject)}</title><style>{_STYLE}</style></head><body>",
            f"<dl>{rows}</dl>",
            f'<div class="frames">{_frame(mail, PHONE, "Phone")}{_frame(mail, DESKTOP, "Desktop")}</div>',
            f"<h2>Text part</h2><pre>{escape(mail.text)}</pre>",
            "</body></html>",
        ]
    )


def preheader(html: str) -> str:
    """The text that inboxes show behind the subject: the first block, if it is hidden, as MJML writes <mj-preview>."""
    found = _PREVIEW.search(html)
    return " ".join(unescape(found[1]).split()) if found else ""


def _frame(mail: Rendered, width: int, title: str) -> str:
    inside = f'<iframe title="{title}" sandbox width="{width}" srcdoc="{escape(mail.html)}"></iframe>'
    return f"<figure><figcaption>{title}, {width} px</figcaption>{inside}</figure>"
