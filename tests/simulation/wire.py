"""A boto3 client replacement that passes every call to one function."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

from botocore.exceptions import ClientError


class Wire:
    """A client of `service`; `call(service, operation, arguments, perform)` decides the outcome of each call."""

    def __init__(self, service, fake, call=lambda _service, _operation, _arguments, perform: perform()):
        self._service, self._fake, self._call = service, fake, call
        # The attempts of the SDK are not simulated: an answer is that to the last of them.
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_, **__: None))

    def __getattr__(self, operation):
        perform = getattr(self._fake, operation)

        def made(**arguments):
            return self._call(self._service, operation, arguments, partial(perform, **arguments))

        self.__dict__[operation] = made  # later lookups skip __getattr__
        return made

    def close(self):
        """Closes no connection, as there is none."""

    def get_paginator(self, operation):
        return _Paginator(getattr(self, operation))


def failure(code, operation, status=400, message="", **parts):
    """A ClientError like botocore's."""
    error = {"Code": code, "Message": message or code}
    response = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}, **parts}
    return ClientError(response, operation)


class _Paginator:
    def __init__(self, operation):
        self._operation = operation

    def paginate(self, PaginationConfig=None, **arguments):
        answer = self._operation(**arguments)
        yield answer
        while "LastEvaluatedKey" in answer:
            answer = self._operation(**arguments, ExclusiveStartKey=answer["LastEvaluatedKey"])
            yield answer
