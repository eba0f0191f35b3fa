"""A CRM on loopback: it takes the requests that it describes, keeps one record for each key, and has bad days."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from jsonschema_rs import ValidationError

from crm.requests import VALIDATORS

RETRY_AFTER = 600
"""Seconds that the stub names with status 429."""


class Crm:
    """`records` are the stored fields by key; `answers` are the status codes of the next requests, before it works."""

    def __init__(self, name):
        self.name = name
        self.records = {}
        self.answers = []
        self.requests = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def take(self, method, target, headers, text):
        """The status and the body of an answer."""
        self.requests.append((method, target, dict(headers), text))
        if self.answers and (status := self.answers.pop(0)) != 200:
            return status, {}
        try:
            return getattr(self, f"_{self.name}")(method, urlsplit(target), json.loads(text) if text else {})
        except ValidationError as error:
            return 400, {"message": str(error)}

    def _hubspot(self, method, url, body):
        assert (method, url.path) == ("POST", "/crm/v3/objects/contacts/batch/upsert")
        VALIDATORS["hubspot"].validate(body)
        for one in body["inputs"]:
            by = one.get("idProperty", "hs_object_id")
            known = [number for number, fields in self.records.items() if fields.get(by) == one["id"]]
            number = known[0] if known else len(self.records) + 1
            self.records[number] = {**self.records.get(number, {}), by: one["id"], **one["properties"]}
        return 200, {"status": "COMPLETE"}

    def _salesforce(self, method, url, body):
        [key] = re.fullmatch(r"/services/data/v61\.0/sobjects/Lead/Ripen_Key__c/([^/]+)", url.path).groups()
        return self._by_key("salesforce", method, key, body, ("LastName", "Company"))

    def _sugarcrm(self, method, url, body):
        [key] = re.fullmatch(r"/rest/v11_24/integrate/Leads/sync_key/([^/]+)", url.path).groups()
        return self._by_key("sugarcrm", method, key, body, ("last_name",))

    def _by_key(self, name, method, key, body, required):
        assert method == "PATCH"
        VALIDATORS[name].validate(body)
        if key not in self.records and not all(body.get(field) for field in required):
            return 400, [{"errorCode": "REQUIRED_FIELD_MISSING"}]
        created = key not in self.records
        self.records[key] = {**self.records.get(key, {}), **body}
        return (201 if created else 204), {}

    def _pipedrive(self, method, url, body):
        if (method, url.path) == ("GET", "/api/v2/persons/search"):
            query = {name: value for name, [value] in parse_qs(url.query).items()}
            assert query.keys() <= {"term", "fields", "exact_match", "limit"}
            found = [n for n, one in self.records.items() if query["term"] in one["custom_fields"].values()]
            return 200, {"success": True, "data": {"items": [{"item": {"id": number}} for number in found]}}
        VALIDATORS["pipedrive new" if method == "POST" else "pipedrive"].validate(body)
        if (method, url.path) == ("POST", "/api/v2/persons"):
            self.records[len(self.records) + 1] = body
            return 201, {"success": True, "data": {"id": len(self.records)}}
        number = int(re.fullmatch(r"/api/v2/persons/(\d+)", url.path)[1])
        assert method == "PATCH"
        before = self.records[number]
        custom = {**before["custom_fields"], **body.get("custom_fields", {})}
        self.records[number] = {**before, **body, "custom_fields": custom}
        return 200, {"success": True, "data": {"id": number}}

    def _handler(crm):  # noqa: N805 - the class below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                status, body = crm.take(self.command, self.path, self.headers, text)
                data = b"" if status == 204 else json.dumps(body).encode()
                self.send_response(status)
                if status == 429:
                    self.send_header("retry-after", str(RETRY_AFTER))
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the names of the base class

            def log_message(self, *_):
                """Nothing: a test reads `requests`."""

        return Handler
