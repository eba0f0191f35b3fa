"""The edge: CloudFront on a domain of the site, in front of the tracking function.

It adds a secret header to each request, and the viewer's address, which the function would not see otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.runtime.secrets import is_origin_secret
from adapters.runtime.settings import EdgeSettings
from answers.responses import Answer, json_answer
from ripen.errors import InvalidEventError

ORIGIN_HEADER = "x-ripen-origin"
VIEWER_HEADER = "x-ripen-viewer"


def answer_behind_edge(
    event: Mapping[str, Any], edge: EdgeSettings, answer: Callable[[Mapping[str, Any]], Answer], *, public: bool
) -> Answer:
    """The answer to a request that came through the edge, as `answer` gives it for the viewer's own request.

    A request past the edge is refused unless it is for something `public`. The refusal has no CORS headers: browsers
    keep the events, and send them when the page names the edge.
    """
    headers = event.get("headers") or {}
    now = int(event["requestContext"]["timeEpoch"])
    given = headers.get(ORIGIN_HEADER, "")
    if given and is_origin_secret(edge.origin_secret_arn, given, now):
        return answer(_as_viewed(event, headers.get(VIEWER_HEADER, "")))
    if public:
        return answer(event)
    error = InvalidEventError("host", "is not where events are taken", f"https://{edge.tracking_domain}")
    return json_answer(403, {"success": False, "errors": [error.as_json()]})


def _as_viewed(event: Mapping[str, Any], viewer: str) -> Mapping[str, Any]:
    context = event["requestContext"]
    return {**event, "requestContext": {**context, "http": {**context["http"], "sourceIp": viewer}}}
