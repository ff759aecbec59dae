"""The world one holds in hand: its state, its one entry, and Python's shortcuts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from wxsim import front
from wxsim.control import people as people_desk
from wxsim.faults import Fault
from wxsim.rules import Rules
from wxsim.state import FIRST_APPID, State
from wxsim.wire import Errand, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from wxsim.clock import Clock
    from wxsim.models import App, Payment, Person
    from wxsim.settings import Settings


class World(State):
    """A WeChat of one's own.

    >>> world = World()
    >>> code = world.phone("ming").login()["code"]
    >>> len(code)
    32
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        rules: Callable[[Settings], Rules] = Rules,
    ) -> None:
        """Make a world; see ``State`` for the arguments."""
        super().__init__(settings, clock=clock, seed=seed, rules=rules)
        self._lock = threading.RLock()

    def handle(self, request: Request) -> Response:
        """Answer one request; safe to call from any thread.

        A call of ``wx.request`` is carried out here and now.
        """
        response = self.take(request)
        return response if response.errand is None else self.finish(response.errand, response.errand.run())

    def take(self, request: Request) -> Response:
        """Answer one request, or say which errand has to be run first."""
        with self._lock:
            return front.handle(self, request)

    def finish(self, errand: Errand, done: Response) -> Response:
        """Return the answer to a call whose errand has been run."""
        with self._lock:
            return errand.then(done)

    def phone(self, person: str, appid: str = FIRST_APPID, device: str = "d1") -> Phone:
        """Return a person's phone with a mini program open."""
        return Phone(self, person, appid, device)

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - a JSON document
        """Call the server API by GET and return the JSON answer."""
        return self.handle(Request("GET", path, query)).json()

    def post(self, path: str, body: object, **query: str) -> Any:  # noqa: ANN401 - a JSON document
        """Call the server API by POST and return the JSON answer."""
        return self.handle(Request("POST", path, query, body=msgspec.json.encode(body))).json()

    def exchange(self, code: str, appid: str = FIRST_APPID) -> dict[str, Any]:
        """Exchange a login_code as the app's own server would."""
        reply: dict[str, Any] = self.get(
            "/sns/jscode2session",
            appid=appid,
            secret=self.app(appid).secret,
            js_code=code,
            grant_type="authorization_code",
        )
        return reply

    def access_token(self, appid: str = FIRST_APPID) -> str:
        """Return the app's stable access_token."""
        with self._lock:
            return self.tokens.stable(appid, self.clock.now())[0]

    def change_person(self, name: str, **fields: object) -> Person:
        """Add a person or change the fields given, as ``POST /_sim/people`` does."""
        with self._lock:
            return people_desk.change(self, name, fields)

    def bind_open_platform(self, open_platform: str, appid: str = FIRST_APPID) -> App:
        """Bind an app to an Open Platform account: unionids appear."""
        with self._lock:
            app = self.app(appid)
            app.open_platform = open_platform
            return app

    def pay(self, person: str, appid: str = FIRST_APPID) -> Payment:
        """Let a person pay in an app."""
        with self._lock:
            return self.payments.make(appid, person, self.clock.now())

    def fault(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        with self._lock:
            return self.faults.add(fault)


class Phone:
    """A phone in a person's hand: every method is one call of ``wx``.

    ``phone.getPhoneNumber(tap=True, withCredentials=True)`` calls that name with
    the other arguments as its options and returns wx's success or fail object.
    """

    def __init__(self, world: World, person: str, appid: str, device: str) -> None:
        """Take a device of ``person`` with the app ``appid`` open."""
        self._world = world
        self._base = f"/_wx/{appid}/{person}/"
        self._device = device

    def __getattr__(self, api: str) -> Callable[..., dict[str, Any]]:
        """Return the call of that name.

        Raises:
            AttributeError: the name is private, so no call of ``wx``.
        """
        if api.startswith("_"):
            raise AttributeError(api)

        def call(*, tap: bool = False, answer: str = "", **options: object) -> dict[str, Any]:
            return self.call(api, options, tap=tap, answer=answer)

        return call

    def call(self, api: str, options: dict[str, object], *, tap: bool = False, answer: str = "") -> dict[str, Any]:
        """Call ``wx`` by name; ``tap`` says the person has really tapped."""
        query = {"device": self._device, "tap": "1" if tap else "", "answer": answer}
        url = f"{self._base}{api}?{urlencode(query)}"
        reply: dict[str, Any] = self._world.handle(Request.to("POST", url, options)).json()
        return reply
