import base64
import gzip

import pytest

from adapters.runtime.settings import settings
from ripen.events.sources import NO_SOURCES
from ripen_cli.project import ROOT
from track import handler

BUILT = (ROOT / "functions" / "track" / "ripen.min.js").read_bytes()


@pytest.fixture(autouse=True)
def no_registered_sources(monkeypatch):
    monkeypatch.setenv("TABLE_NAME", "table")
    monkeypatch.setenv("RETENTION_DAYS", "30")
    monkeypatch.setattr(handler, "registered", lambda _table, _now: NO_SOURCES)
    settings.cache_clear()
    yield
    settings.cache_clear()


def get(path="/v1/ripen.js", **headers):
    http = {"method": "GET", "path": path}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    event = {"requestContext": {"http": http, "timeEpoch": 1_795_255_200_000}, "headers": named}
    return handler.handler(event, None)


def body(answer):
    return base64.b64decode(answer["body"])


def test_the_snippet_is_served_as_a_cacheable_script():
    answer = get()

    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/javascript; charset=utf-8"
    assert answer["headers"]["cache-control"] == "public, max-age=3600"
    assert "content-encoding" not in answer["headers"]
    assert body(answer) == BUILT


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "GZIP;q=0.5", "deflate;q=1, gzip ; q=1.0"])
def test_the_snippet_is_compressed_for_browsers_that_accept_it(accepted):
    answer = get(accept_encoding=accepted)

    assert answer["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(body(answer)) == BUILT
    assert len(body(answer)) <= 4096


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip;q=0.000, br", "xgzip", "identity, *;q=0"])
def test_the_snippet_is_uncompressed_for_other_browsers(accepted):
    assert body(get(accept_encoding=accepted)) == BUILT


def test_a_browser_with_the_current_snippet_gets_304_without_body():
    plain, packed = (get(accept_encoding=accepted)["headers"]["etag"] for accepted in ("br", "gzip"))
    assert plain != packed
    assert plain[0] == plain[-1] == '"'

    for known in (packed, f"W/{packed}", f'"old", {packed}', "*"):
        answer = get(accept_encoding="gzip", if_none_match=known)
        assert (answer["statusCode"], answer["body"]) == (304, "")
        assert answer["headers"]["etag"] == packed
        assert answer["headers"]["cache-control"] == "public, max-age=3600"
    assert get(accept_encoding="gzip", if_none_match=plain)["statusCode"] == 200


def test_responses_vary_by_encoding_and_origin():
    answer = get(origin="https://www.example.com")

    assert answer["headers"]["access-control-allow-origin"] == "https://www.example.com"
    assert answer["headers"]["vary"] == "accept-encoding, origin"
    assert get("/v1/openapi.json")["headers"]["vary"] == "origin"


def test_the_script_that_shows_offers_is_served_like_the_snippet():
    answer = get("/v1/offers.js", accept_encoding="gzip")

    assert gzip.decompress(body(answer)) == (ROOT / "functions" / "track" / "offers.min.js").read_bytes()
    assert answer["headers"]["etag"] != get(accept_encoding="gzip")["headers"]["etag"]
    assert get("/v1/offers.js", accept_encoding="gzip", if_none_match=answer["headers"]["etag"])["statusCode"] == 304
