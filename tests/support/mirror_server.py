"""A server that shows what reached it, and misbehaves where the path says so."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(BaseHTTPRequestHandler):
    """Answers each request with the request; ``/r/…`` redirects, ``/hang`` waits until the server ends."""

    server: MirrorServer

    def do_GET(self) -> None:
        """Answer whatever came."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/to/"):
            self._answer(302, b"", {"Location": self.path.removeprefix("/to/")})
        elif self.path == "/hang":
            self.server.hung.set()
            self.server.end.wait(30)
        elif self.path == "/cut":
            self._answer(200, b"short", {"Content-Length": "100"})
        elif self.path == "/gzip":
            self._answer(200, gzip.compress(b'{"packed": true}'), {"Content-Encoding": "gzip"})
        elif self.path == "/bomb":
            self._answer(200, gzip.compress(bytes(80 * 1024 * 1024)), {"Content-Encoding": "gzip"})
        elif self.path == "/torn":
            self._answer(200, b"no gzip at all", {"Content-Encoding": "gzip"})
        else:
            seen = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}
            self._answer(201, json.dumps(seen).encode(), {"Set-Cookie": "a=1"})

    do_POST = do_PUT = do_GET  # noqa: N815 - the names http.server looks for

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class MirrorServer(ThreadingHTTPServer):
    """The server; ``hung`` is set while a request to ``/hang`` waits."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of the loopback."""
        super().__init__(("127.0.0.1", 0), Mirror)
        self.hung = threading.Event()
        self.end = threading.Event()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def mirror_server() -> Iterator[MirrorServer]:
    """Serve for as long as the context lasts."""
    server = MirrorServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end.set()
        server.shutdown()
        thread.join()
        server.server_close()
