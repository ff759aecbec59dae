"""One call of the server API, and the table of endpoints.

An endpoint is a function from a call to the reply's fields; it raises
``Refusal`` where WeChat answers an errcode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from wxsim.errcodes import Refusal
from wxsim.models import App, SessionKey, Token

if TYPE_CHECKING:
    from wxsim.state import State
    from wxsim.wire import Request

Reply = dict[str, object]
Body = TypeVar("Body")


class Call:
    """A request to the server API as an endpoint sees it.

    Attributes:
        state: the world.
        request: the request.
        now: Unix seconds.
        warning: what works by WeChat's leniency only; "" for nothing.
    """

    def __init__(self, state: State, request: Request, now: float) -> None:
        """Wrap a request."""
        self.state = state
        self.request = request
        self.now = now
        self.warning = ""
        self._app: App | None = None

    @property
    def app(self) -> App:
        """The app behind the access_token.

        Raises:
            Refusal: 41001, the endpoint was reached without a token.
        """
        if self._app is None:
            raise Refusal(41001)
        return self._app

    def query(self, name: str) -> str:
        """Return a query parameter, "" when it is absent."""
        return self.request.query.get(name, "")

    def body(self, kind: type[Body]) -> Body:
        """Return the JSON body in a shape.

        Raises:
            Refusal: 44002 for an empty body, 47001 for one of the wrong form.
        """
        if not self.request.body:
            raise Refusal(44002)
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except msgspec.DecodeError as error:
            raise Refusal(47001) from error

    def take_token(self) -> Token:
        """Check the access_token and remember whose it is.

        Raises:
            Refusal: 41001, 40014, 40001, 42001, or 40013 for a closed account.
        """
        text = self.query("access_token")
        if not text:
            raise Refusal(41001)
        token = self.state.tokens.check(text, self.now)
        self._app = self.state.apps.get(token.appid)
        if self._app is None:
            raise Refusal(40013)
        return token

    def person(self, openid: str) -> str:
        """Return the person with this openid in the calling app.

        Raises:
            Refusal: 40003, there is none.
        """
        name = self.state.owner(self.app, openid) if openid else None
        if name is None:
            raise Refusal(40003)
        return name

    def signed_key(self, person: str) -> SessionKey:
        """Return the person's session_key after checking the call's signature.

        Raises:
            Refusal: 87008 for another method, 87007 for no key, 87009 for a
                signature that another key has made.
        """
        if self.query("sig_method") != "hmac_sha256":
            raise Refusal(87008)
        key = self.state.session_keys.alive(self.app.appid, person, self.now)
        if key is None:
            raise Refusal(87007)
        signature = self.query("signature")
        if not self.state.rules.signature_fits(key, signature, self.request.body):
            raise Refusal(87009)
        if signature != signature.lower():
            self.warning = "signature in upper case: WeChat's samples are lower case"
        return key


class Endpoint(msgspec.Struct, frozen=True):
    """One path of the server API.

    Attributes:
        run: what answers it.
        methods: the HTTP methods it takes; empty for all.
        token: whether it takes an access_token.
        counted: whether a call counts towards the path's daily quota.
    """

    run: Callable[[Call], Reply]
    methods: tuple[str, ...]
    token: bool
    counted: bool


ENDPOINTS: dict[str, Endpoint] = {}
Run = TypeVar("Run", bound=Callable[[Any], Reply])


def endpoint(path: str, *methods: str, token: bool = True, counted: bool = True) -> Callable[[Run], Run]:
    """Enter a function in the table of endpoints."""

    def enter(run: Run) -> Run:
        ENDPOINTS[path] = Endpoint(run, methods, token, counted)
        return run

    return enter


def ok(**fields: object) -> Reply:
    """Return a reply of the cgi-bin and wxa families, which name errcode 0."""
    return {"errcode": 0, "errmsg": "ok", **fields}
