"""One call of ``wx`` by a person on a device, and the table of calls.

A call is a function from a hand to the success object; it raises ``WxFail``
where WeChat fails, and ``Ask`` where a popup waits for the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec

from wxsim.eras import ERRNO, at_least

if TYPE_CHECKING:
    from wxsim.models import App, Device, Person, SessionKey
    from wxsim.settings import Settings
    from wxsim.state import State

Answer = dict[str, object]


class WxFail(Exception):
    """A call of ``wx`` fails.

    Attributes:
        reason: what follows ``<api>:fail``.
        errno: WeChat's number, 0 for none.
        joint: what stands between ``fail`` and the reason.
    """

    def __init__(self, reason: str, errno: int = 0, joint: str = " ") -> None:
        """Fail for ``reason``."""
        self.reason = reason
        self.errno = errno
        self.joint = joint
        super().__init__(reason)


class Ask(Exception):
    """A popup is open and nobody has answered it yet.

    Attributes:
        about: a scope, a call, or ``privacy``.
        referrer: the call that made the popup open.
        shown: what else the popup shows.
    """

    def __init__(self, about: str, referrer: str, shown: Mapping[str, object] | None = None) -> None:
        """Ask about a scope, a call, the privacy contract or the settings page."""
        self.about = about
        self.referrer = referrer
        self.shown = shown or {}
        super().__init__(about)


class Out(Exception):
    """A call needs an exchange with another server before it can be answered.

    Attributes:
        run: makes the exchange and returns the answer; raises ``WxFail``.
    """

    def __init__(self, run: Callable[[], Answer]) -> None:
        """Go out with ``run``."""
        self.run = run
        super().__init__("out")


class Hand(msgspec.Struct):
    """A person with a device in hand, calling ``wx`` from an app.

    Attributes:
        state: the world.
        app: the mini program.
        person: who holds the phone.
        device: which phone.
        now: Unix seconds.
        api: the name of the call.
        options: what the mini program passed.
        tapped: whether the person has really tapped a button.
        said: the answer to an open popup that came with the call, or "".
        about: what that answer is about, "" for the first question.
        handler: whether the page registered ``onNeedPrivacyAuthorization``.
        asks: whether whoever drives the phone answers every popup that no
            scripted answer is for.
        setting: the settings page as the person leaves it, if that came with
            the call.
    """

    state: State
    app: App
    person: Person
    device: Device
    now: float
    api: str
    options: Mapping[str, object]
    tapped: bool = False
    said: str = ""
    about: str = ""
    handler: bool = False
    asks: bool = False
    setting: Mapping[str, bool] | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.state.settings

    @property
    def library(self) -> str:
        """The version of the device's base library."""
        return self.device.base_library or self.settings.base_library

    @property
    def published_at(self) -> float:
        """When the running version of the app was published."""
        return self.now if self.app.published_at is None else self.app.published_at

    def has(self, version: str) -> bool:
        """Say whether the base library is this version or newer."""
        return at_least(self.library, version)

    def key(self) -> SessionKey | None:
        """Return the person's living session_key in this app."""
        return self.state.session_keys.alive(self.app.appid, self.person.name, self.now)

    def text(self, name: str) -> str:
        """Return an option as text, "" when it is absent or something else."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""

    def require_tap(self) -> None:
        """Fail unless the person has tapped.

        Raises:
            WxFail: the call needs a tap.
        """
        if not self.tapped:
            reason = "can only be invoked by user TAP gesture."
            raise WxFail(reason)

    def require_library(self, version: str) -> None:
        """Fail on a base library that does not have the call yet.

        Raises:
            WxFail: the library is older than ``version``.
        """
        if not self.has(version):
            reason = "jsapi not supported"
            raise WxFail(reason, 100)

    def agrees(self, about: str) -> bool:
        """Return what the person answers when a popup opens.

        Raises:
            Ask: the answer is left to whoever drives the phone.
        """
        if self.said and self.about in {"", about}:
            said, self.said = self.said, ""
            return said == "allow"
        scripted = self.scripted(about)
        if scripted == "ask":
            raise Ask(about, self.api)
        return scripted == "allow"

    def scripted(self, about: str) -> str:
        """Return what the person is set to answer: allow, refuse or ask."""
        answers = self.person.answers
        return answers.get(about) or answers.get("*") or ("ask" if self.asks else "allow")

    def denied(self, reason: str, errno: int) -> WxFail:
        """Return the failure of a refused popup in the platform's wording."""
        return WxFail(reason, errno, ":" if self.device.platform == "android" else " ")

    def failure(self, fail: WxFail) -> Answer:
        """Return the fail object; old libraries know no errno."""
        answer: Answer = {"errMsg": f"{self.api}:fail{fail.joint}{fail.reason}"}
        if fail.errno and self.has(ERRNO):
            answer["errno"] = fail.errno
        return answer


class Api(msgspec.Struct, frozen=True):
    """One call of ``wx``.

    Attributes:
        run: what answers it.
        online: whether it needs WeChat's servers.
        limited: whether WeChat's frequency rule names it.
        goes_out: whether it sends requests to other servers.
    """

    run: Callable[[Hand], Answer]
    online: bool
    limited: bool
    goes_out: bool = False


APIS: dict[str, Api] = {}
Run = TypeVar("Run", bound=Callable[[Hand], Answer])


def api(
    name: str,
    *,
    online: bool = False,
    limited: bool = False,
    goes_out: bool = False,
) -> Callable[[Run], Run]:
    """Enter a function in the table of calls."""

    def enter(run: Run) -> Run:
        APIS[name] = Api(run, online, limited, goes_out)
        return run

    return enter
