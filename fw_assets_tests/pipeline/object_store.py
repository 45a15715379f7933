"""An S3-compatible store on loopback (moto), which counts its requests and honours `If-None-Match: *`."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

BUCKET = "team"


@dataclass
class ObjectStore:
    """Its address, and its requests by kind since the last call of `taken`."""

    endpoint: str = ""
    requests: Counter[str] = field(default_factory=Counter)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def taken(self) -> Counter[str]:
        """The requests since the last call, by kind."""
        requests, self.requests = self.requests, Counter()
        return requests


@contextmanager
def object_store(conditional: bool = True) -> Iterator[ObjectStore]:
    """A store with one empty bucket.

    Args:
        conditional: whether it looks at `If-None-Match`, as stores that know conditional writes do.
    """
    for name in ("moto", "flask", "flask_cors", "s3fs"):
        pytest.importorskip(name, reason=f"the tests of object stores need {name}: pip install '.[dev]'")
    from moto.backends import get_backend
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    store = ObjectStore()
    application = DomainDispatcherApplication(create_backend_app)
    one_write = threading.Lock()

    def counted(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        listing = environ["REQUEST_METHOD"] == "GET" and "list-type=2" in environ.get("QUERY_STRING", "")
        store.requests["LIST" if listing else environ["REQUEST_METHOD"]] += 1
        if not conditional:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if environ["REQUEST_METHOD"] != "PUT":
            return list(application(environ, respond))
        with one_write:  # moto looks and writes in two steps, between which another thread's write would be lost
            return list(application(environ, respond))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        for backend in get_backend("s3").values():
            backend["aws"].reset() if "aws" in backend else None
        get_backend("s3")["123456789012"]["aws"].create_bucket(BUCKET, "us-east-1")
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
