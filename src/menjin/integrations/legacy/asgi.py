"""What the middlewares share on the wire: headers, replies, paths left alone, and the request's state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from menjin.errors import MenjinError
from menjin.login.results import Principal
from menjin.problems import choose_language, to_problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Ignore = Collection[str] | Callable[[Scope], bool]
UserInfo = Mapping[str, Any]

MAGIC = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer given in the app's place."""

    body: Mapping[str, Any]
    status: int = 200
    content_type: str = _JSON
    retry_after: int | None = None


def read_header(scope: Scope, name: str) -> str:
    """Return a header, "" if absent.

    One that comes twice is joined by a comma, as Node.js does: no code and no token reads so, and none is chosen.
    """
    wanted = name.lower().encode()
    return ", ".join(value.decode("latin-1") for found, value in scope["headers"] if found.lower() == wanted)


def read_path(scope: Scope) -> str:
    """Return the path below the place where the app is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(root + "/") else path


def is_ignored(scope: Scope, ignore: Ignore) -> bool:
    """Whether the request is none of the middleware's business."""
    return ignore(scope) if callable(ignore) else read_path(scope) in ignore


def note(scope: Scope, principal: Principal | None, user_info: UserInfo | None) -> None:
    """Put who the request is where the app finds it: `request.state.principal` and `.wx_user_info`."""
    state = scope.setdefault("state", {})
    state["principal"] = principal
    state["wx_user_info"] = user_info


def to_reply(scope: Scope, error: MenjinError) -> Reply:
    """Return the problem document of an error the protocol has no word for, such as an outage: 503."""
    language = choose_language(read_header(scope, "accept-language"))
    request_id = str(scope.get("state", {}).get("request_id", ""))
    problem = to_problem(error, language=language, request_id=request_id)
    return Reply(problem.body, problem.status, "application/problem+json", problem.retry_after)


def read_wait(error: MenjinError | None) -> int | None:
    """Return the whole seconds after which whoever was refused may come back; None if nothing is known of it."""
    if error is None:
        return None
    return to_problem(error, language="en", request_id="").retry_after


async def send_reply(reply: Reply, send: Send) -> None:
    """Send a reply that no cache keeps."""
    body = msgspec.json.encode(reply.body)
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if reply.retry_after is not None:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Middleware:
    """An ASGI middleware that says who a request is, answers in the app's place, or lets it pass.

    Args:
        app: The app behind.
        ignore: Paths left alone, or a function of the ASGI scope; there, nobody is signed in.
    """

    def __init__(self, app: AsgiApp, ignore: Ignore) -> None:
        self._app = app
        self._ignore = ignore

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        if scope["type"] in {"http", "websocket"}:
            note(scope, None, None)
        if scope["type"] == "http" and not is_ignored(scope, self._ignore):
            try:
                reply = await self.answer(scope)
            except MenjinError as error:
                reply = to_reply(scope, error)
            if reply is not None:
                await send_reply(reply, send)
                return
        await self._app(scope, receive, send)

    async def answer(self, scope: Scope) -> Reply | None:
        """Note who the request is, and return None if it may pass.

        Raises:
            MenjinError: The protocol has no word for it.
        """
        raise NotImplementedError
