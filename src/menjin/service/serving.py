"""The program's listeners: the public one and the internal one, in one process or in several workers.

Both sockets belong to one server, and the local port a connection came in by says which app answers: nothing in a
request can reach the other.
"""

from __future__ import annotations

import importlib
import logging
import socket
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from menjin.aio import AsyncMenjin
from menjin.assembly import Parts
from menjin.errors import ConfigurationError, Fault
from menjin.service.app import create_app
from menjin.service.bounded_http import BoundedHttp
from menjin.service.legacy import to_legacy
from menjin.service.settings import Settings, share_metrics, to_parts
from menjin.service.workers import run_workers

if TYPE_CHECKING:
    from menjin.service.metrics import Metrics

_LOG = logging.getLogger("menjin.service")
# How long the thread that waited for the disk waits for a busy loop to let it say so; Python's own is 5 ms.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Listeners:
    """The bound sockets.

    Attributes:
        internal: None if nobody asked for it.
    """

    public: socket.socket
    internal: socket.socket | None


class Doors:
    """Sends a request to the app of the port it came in by; the lifespan is the public app's.

    Args:
        public: For phones and gateways.
        internal: For services.
        internal_port: By which they come.
    """

    def __init__(self, public: ASGIApp, internal: ASGIApp, internal_port: int) -> None:
        self._public = public
        self._internal = internal
        self._internal_port = internal_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        is_internal = scope["type"] == "http" and (scope.get("server") or ("", None))[1] == self._internal_port
        await (self._internal if is_internal else self._public)(scope, receive, send)


def override_internal(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with the command line's word on the internal listener."""
    said = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"internal": settings.internal.model_copy(update=said)})


def bind(settings: Settings, host: str, port: int) -> Listeners:
    """Bind what the settings ask for.

    Raises:
        ConfigurationError: An address cannot be had, or both would share a port.
    """
    section = settings.internal
    if section.port == port:
        raise ConfigurationError(
            [Fault("internal.port", "is the public listener's; it needs one of its own 端口与公网监听重复")]
        )
    public = _bind("port", host, port)
    if section.port is None:
        return Listeners(public, None)
    if section.is_exposed:
        _LOG.warning(
            "the internal listener on %s can be reached by others in clear: credentials and access_tokens go over it; "
            "let it listen on the loopback, or put TLS in front and set [internal] tls_proxy = true",
            section.host,
        )
    return Listeners(public, _bind("internal.port", section.host, section.port))


def serve(settings: Settings, listeners: Listeners, workers: int = 1) -> None:
    """Serve until told to stop.

    Args:
        settings: Of the installation.
        listeners: The bound sockets.
        workers: So many processes share them.
    """
    if workers == 1:
        _serve_here(settings, listeners, None)
        return
    with tempfile.TemporaryDirectory(prefix="menjin-metrics-") as folder:
        share_metrics(Path(folder))
        run_workers(workers, lambda: _serve_here(settings, listeners, Path(folder)))


def to_app(settings: Settings, parts: Parts, listeners: Listeners, metrics: Metrics | None) -> ASGIApp:
    """Return the app of both listeners."""
    if metrics is not None:
        parts = replace(parts, token_observer=metrics)
    menjin = AsyncMenjin(parts)
    legacy = to_legacy(settings, parts, menjin)
    gateway = settings.gateway
    public = create_app(menjin, legacy.mounts, legacy.prepare, gateway.to_proxies(), gateway.to_wechat_cloud())
    if listeners.internal is None or metrics is None:
        return public
    from menjin.service.internal import create_internal_app  # noqa: PLC0415 - see _open_metrics

    internal = create_internal_app(menjin, parts, metrics, wechat_compatible=settings.internal.wechat_compatible)
    return Doors(public, internal, listeners.internal.getsockname()[1])


def _serve_here(settings: Settings, listeners: Listeners, metrics_folder: Path | None) -> None:
    sys.setswitchinterval(_SWITCH_SECONDS)
    metrics = _open_metrics(metrics_folder) if listeners.internal is not None else None
    app = to_app(settings, to_parts(settings), listeners, metrics)
    sockets = [one for one in (listeners.public, listeners.internal) if one is not None]
    uvicorn.Server(to_config(app)).run(sockets=sockets)


def to_config(app: ASGIApp) -> uvicorn.Config:
    """Return how uvicorn is to serve an app."""
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",  # uvicorn would log the query of a request to upgrade, and not answer one with a body
        lifespan="on",
        access_log=False,  # the app logs its own line, without a query
        log_config=None,
        server_header=False,
        proxy_headers=False,  # [gateway] trusted_proxies says whom to believe, not uvicorn's own list
        timeout_graceful_shutdown=10,
    )


def _open_metrics(folder: Path | None) -> Metrics:
    """Import prometheus_client only now: at its first import it looks whether counts are shared."""
    module = importlib.import_module("menjin.service.metrics")
    metrics: Metrics = module.Metrics(folder)
    return metrics


def _bind(where: str, host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, number, _, address = found[0]
        bound = socket.socket(family, kind, number)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(2048)
        except BaseException:
            bound.close()
            raise
    except OSError as error:
        raise ConfigurationError([Fault(where, f"{host}:{port} cannot be had: {error.strerror} 无法监听")]) from None
    return bound
