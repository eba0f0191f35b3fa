"""Generators of requests of any size, one per part that can grow: every field, list and nested object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

Payload = Mapping[str, Any]
Make = Callable[[int], Payload]

_YES = {"consent": {"categoryPreferences": {"analytics": True}}}
_TEXTS = {"letters": "g", "digits": "7", "slashes": "/", "quotes": "%41", "marks": "\u0316\u0301", "halves": "\ud800"}
_FIELDS = ("anonymousId", "userId", "messageId", "timestamp", "originalTimestamp", "sentAt", "name", "category", "type")
_PLACES = ("properties", "traits", "context")
_CONTEXTS = ("page", "campaign", "firstTouch", "referrer", "token", "locale", "form", "traits", "consent", "other")
_DEEPEST = 90


def growing() -> Iterator[tuple[str, Make]]:
    """Names and generators of requests, each with and without consent; a generator takes a size."""
    for name, make in (*_events(), *_one_event(), *_shared()):
        yield f"{name}, counted", make
        yield f"{name}, stored", partial(_with_consent, make)


def body(payload: Payload) -> str:
    """The body of the request."""
    return json.dumps({"writeKey": "website", **payload}, separators=(",", ":"))


def _with_consent(make: Make, size: int) -> Payload:
    payload = make(size)
    return {**payload, "context": {**_YES, **payload.get("context", {})}}


def _page(number: int, **parts: Any) -> dict[str, Any]:
    return {"type": "page", "anonymousId": f"visitor {number}", "messageId": f"m{number}", **parts}


def _events() -> Iterator[tuple[str, Make]]:
    yield "page views", lambda size: _batch(_page(n, properties={"path": f"/a/{n}"}) for n in range(size))
    yield "views of one visitor", lambda size: _batch(_page(n) | {"anonymousId": "v"} for n in range(size))
    yield "events without id", lambda size: _batch({"anonymousId": f"v{n}", "type": "page"} for n in range(size))
    yield "identities", lambda size: _batch(_page(n, type="identify", traits={"n": n}) for n in range(size))
    yield "what is no event", lambda size: _batch(0 for _ in range(size))
    yield "lists that are events", lambda size: _batch([] for _ in range(size))


def _one_event() -> Iterator[tuple[str, Make]]:
    for kind, text in _TEXTS.items():
        for field in _FIELDS:
            yield f"{field} of {kind}", partial(_text, field, text)
        yield f"name of a key of {kind}", partial(_named, text)
        yield f"trait of {kind}", partial(_many, 10**6, {"traits": {"n": text}})
        yield f"paths of {kind}", partial(_many, 600, {"properties": {"path": text}})
        yield f"addresses of {kind}", partial(_many, 600, {"properties": {"url": text}})
        yield f"campaigns of {kind}", partial(_many, 100, {"context": {"campaign": {"source": text, "name": text}}})
    for place in _PLACES:
        yield f"keys of {place}", partial(_keyed, place)
        yield f"lists in {place}", partial(_many, 10**6, {place: {"n": [[]]}})
        yield f"numbers in {place}", partial(_many, 10**6, {place: {"n": [1e15]}})
        yield f"large events by {place}", partial(_many, 7_900, {place: {"n": ["x"]}})
        yield f"depth of {place}", partial(_deep, place)
    yield "digits", partial(_many, 1, {"properties": {"n": [10**3_900]}})


def _text(field: str, text: str, size: int) -> Payload:
    return _batch([_page(1, **{field: text * size})])


def _named(text: str, size: int) -> Payload:
    return _batch([_page(1, properties={text * size: 1})])


def _keyed(place: str, size: int) -> Payload:
    return _batch([_page(1, **{place: _keys(size)})])


def _many(longest: int, parts: Mapping[str, Any], size: int) -> Payload:
    """Events whose texts and lists are those in `parts` repeated up to `longest` times, `size` times in total."""
    events = -(-size // longest)
    times = min(longest, size)
    return _batch(_page(number, **_times(parts, times)) for number in range(events))


def _times(value: Any, times: int) -> Any:
    if isinstance(value, dict):
        return {key: _times(one, times) for key, one in value.items()}
    return value * times


def _deep(place: str, size: int) -> Payload:
    value: dict[str, Any] = {}
    for _ in range(_DEEPEST):
        value = {"a": value}
    return _batch(_page(number, **{place: value}) for number in range(-(-size // _DEEPEST)))


def _shared() -> Iterator[tuple[str, Make]]:
    """Requests whose shared context grows together with the number of events."""
    for part in _CONTEXTS:
        yield f"shared keys of {part}", partial(_sharing, part, _keys)
        yield f"shared lists of {part}", partial(_sharing, part, partial(_times, {"n": [[]]}))
        yield f"shared text of {part}", partial(_sharing, part, partial(_times, {"name": "g" * 20}))
        yield f"a little of {part} shared", partial(_around, {part: _keys(60)})
    ids = {f"{number}": f"z{number:05}" for number in range(45)}
    for kind, text in _TEXTS.items():
        page = {"page": {"path": text * 80}, "campaign": {"name": text * 60}, "traits": ids}
        yield f"a shared page of {kind}", partial(_around, page)
    yield "keys beside the batch", lambda size: {"batch": [_page(1)], **_keys(size)}


def _sharing(part: str, make: Callable[[int], Any], size: int) -> Payload:
    return _around({part: make(size)}, size)


def _around(context: Mapping[str, Any], size: int) -> Payload:
    return _batch(_page(number) for number in range(size)) | {"context": context}


def _batch(events: Iterable[Any]) -> dict[str, Any]:
    return {"batch": [*events]}


def _keys(size: int) -> dict[str, str]:
    return {f"k{number:05}": f"{number:05}" for number in range(size)}
