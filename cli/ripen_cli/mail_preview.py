"""An HTML page that previews a mail at phone and desktop width, with its subject and text part."""

from __future__ import annotations

from html import escape

from adapters.delivery.mailer import Rendered
from ripen.messages.mail_context import MailContext

PHONE, DESKTOP = 375, 800
"""Widths in pixels."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #222; background: #e9e9e4; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { color: #666; } dd { margin: 0; }
.frames { display: flex; gap: 1.5rem; align-items: flex-start; flex-wrap: wrap; } figure { margin: 0; }
iframe { border: 1px solid #bbb; background: #fff; height: 900px; }
pre { background: #fff; padding: 1rem; max-width: 800px; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def page(mail: Rendered, letter: MailContext, kind: str) -> str:
    """The page; `kind` is that of `kind_of`. The mail is sandboxed: it runs no scripts and opens no windows."""
    about = {
        "From": letter.from_name,
        "Subject": mail.subject,
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


def _frame(mail: Rendered, width: int, title: str) -> str:
    inside = f'<iframe title="{title}" sandbox width="{width}" srcdoc="{escape(mail.html)}"></iframe>'
    return f"<figure><figcaption>{title}, {width} px</figcaption>{inside}</figure>"
