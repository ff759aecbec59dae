"""Runs ASGI apps on listening sockets, side by side in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the demo."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - uvicorn's own signature is untyped
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serve(*pairs: tuple[ASGIApp, socket.socket]) -> AsyncIterator[None]:
    """Serve each app on its socket for as long as the context lasts; all begin and all end at the same time.

    Raises:
        RuntimeError: One ended before it answered.
    """
    servers = [QuietServer(_config(app)) for app, _ in pairs]
    tasks = [
        asyncio.create_task(server.serve(sockets=[bound])) for server, (_, bound) in zip(servers, pairs, strict=True)
    ]
    try:
        while not all(server.started for server in servers):
            if any(task.done() for task in tasks):
                raise RuntimeError("a server of the demo did not start")
            await asyncio.sleep(0.01)
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def _config(app: ASGIApp) -> uvicorn.Config:
    # Nothing here speaks WebSocket, and loading what does takes its time.
    return uvicorn.Config(
        app, ws="none", access_log=False, proxy_headers=False, log_level="error", timeout_graceful_shutdown=1
    )
