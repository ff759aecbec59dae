"""A library with several apps beside a WeChat that says what the test wants: openids, unionids, numbers, payments."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from menjin import App, AppId, Apps, FunctionHttp, MemoryDirectory, Parts, Secret, Stores
from menjin.accounts.directory import Member
from menjin.errors import BindingConflict, MenjinError
from menjin.values import AccountId
from menjin.wechat.signature import hash_encrypted_data
from support.clock import CountedRandomness, FakeClock, NoPause
from support.doors import DIRECTORY, Colour, Door, Heard, Storage, make_stores
from support.sealing import seal_payload

SHOP = App(AppId("wx5400000000000001"), Secret("1" * 32), alias="shop", open_platform="one")
DESK = replace(SHOP, appid=AppId("wx5400000000000002"), alias="desk", sign_in="bound")
MALL = replace(SHOP, appid=AppId("wx5400000000000003"), alias="mall")
ABROAD = replace(SHOP, appid=AppId("wx5400000000000004"), alias="abroad", realm="abroad", open_platform="two")
TOWN = (SHOP, DESK, MALL, ABROAD)
KEY = "tiihtNczf5v6AKRyjwEUhQ=="


class PhoneDirectory:
    """The sample directory, which knows numbers too."""

    def __init__(self, inner: MemoryDirectory, numbers: Mapping[str, str]) -> None:
        self._inner = inner
        self._numbers = numbers

    async def verify_password(self, username: str, password: Secret) -> Member | None:
        """Return the member, or None."""
        return await self._inner.verify_password(username, password)

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return whom a number belongs to."""
        found = self._numbers.get(phone_number)
        return Member(found) if found is not None else None


@dataclass
class WeChat:
    """Says what it is told to.

    Attributes:
        platforms: The Open Platform account of each app that is bound to one, as WeChat sees it.
        numbers: The number of each person's WeChat.
        unionids: What WeChat says for a person instead of their own unionid.
        paid: Who paid, by transaction_id.
        genuine: Hashes of the ciphertexts it made.
        asked: The path of every call.
    """

    platforms: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    unionids: dict[tuple[str, str], str] = field(default_factory=dict)
    paid: dict[str, tuple[str, str]] = field(default_factory=dict)
    genuine: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    taps: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    count: int = 0

    def code(self, person: str, app: App) -> str:
        """Return a login_code."""
        return self._keep(self.codes, (app.appid, person))

    def tap(self, person: str, app: App) -> str:
        """Return a phone_code."""
        return self._keep(self.taps, (app.appid, person, self.numbers[person]))

    def unionid(self, person: str, app: App) -> str | None:
        """Return a person's unionid in an app, if it is bound to an Open Platform account."""
        platform = self.platforms.get(app.appid)
        own = f"u{platform}_{person}".ljust(28, "-") if platform else None
        return self.unionids.get((app.appid, person), own)

    def answer(self, _method: str, url: str, body: bytes) -> tuple[int, bytes]:
        """Answer a call."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(parts.path)
        doors: dict[str, Callable[[dict[str, str], Any], dict[str, Any]]] = {
            "/sns/jscode2session": self._exchange,
            "/cgi-bin/stable_token": lambda _query, given: {"access_token": given["appid"], "expires_in": 7200},
            "/wxa/business/getuserphonenumber": self._phone,
            "/wxa/business/checkencryptedmsg": self._vouch,
            "/wxa/getpaidunionid": self._pay,
        }
        return 200, json.dumps(doors[parts.path](query, json.loads(body or b"null"))).encode()

    def _keep(self, kept: dict[str, Any], value: Any) -> str:  # noqa: ANN401 - whatever a code stands for
        self.count += 1
        kept[f"code{self.count}"] = value
        return f"code{self.count}"

    def _exchange(self, query: dict[str, str], _given: object) -> dict[str, Any]:
        appid, person = self.codes.get(query["js_code"], ("", ""))
        if appid != query["appid"]:
            return {"errcode": 40029, "errmsg": "invalid code"}
        app = replace(SHOP, appid=AppId(appid))
        unionid = self.unionid(person, app)
        return {"openid": openid_of(person, app), "session_key": KEY} | ({"unionid": unionid} if unionid else {})

    def _phone(self, query: dict[str, str], given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        appid, person, number = self.taps.pop(given["code"], ("", "", ""))
        app = replace(SHOP, appid=AppId(appid))
        if appid != query["access_token"] or openid_of(person, app) != given["openid"]:
            return {"errcode": 40029, "errmsg": "invalid code"}
        mark = {"timestamp": 1, "appid": appid}
        info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": mark}
        return {"errcode": 0, "phone_info": info}

    def _vouch(self, _query: dict[str, str], given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        if given["encrypted_msg_hash"] not in self.genuine:
            return {"errcode": 1, "errmsg": "data not exit"}
        return {"errcode": 0, "vaild": True, "create_time": 1}

    def _pay(self, query: dict[str, str], _given: object) -> dict[str, Any]:
        appid, person = self.paid.get(query.get("transaction_id", ""), ("", ""))
        app = replace(SHOP, appid=AppId(appid))
        if appid != query["access_token"] or openid_of(person, app) != query["openid"]:
            return {"errcode": 89300, "errmsg": "invalid trade"}
        return {"errcode": 0, "unionid": self.unionid(person, app)}


def openid_of(person: str, app: App) -> str:
    """Return a person's openid in an app."""
    return f"o{app.appid[-2:]}_{person}".ljust(28, "-")


@dataclass
class Person:
    """Somebody with a phone in hand, and a session in one app.

    Attributes:
        token: The session_token in use.
    """

    town: Town
    name: str
    app: App
    token: str = ""

    def sign_in(self, **more: Any) -> Person:  # noqa: ANN401 - sign_in's
        """Log in."""
        code = self.town.wechat.code(self.name, self.app)
        self.token = self.town.door.sign_in(self.app.appid, code, **more).session_token.reveal()
        return self

    def sign_in_by_phone(self, **more: Any) -> Any:  # noqa: ANN401 - SignedIn
        """Tap the phone button, log in with what it gave, and return what came of it."""
        if "phone_code" not in more:
            more["phone_code"] = self.town.wechat.tap(self.name, self.app)
        code = self.town.wechat.code(self.name, self.app)
        signed_in = self.town.door.sign_in(self.app.appid, code, **more)
        self.token = signed_in.session_token.reveal()
        return signed_in

    def do(self, deed: str, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - any deed's
        """Do something with the session; a new token is used from here on."""
        done = getattr(self.town.door, deed)(self.token, *args, **more)
        if hasattr(done, "session_token"):
            self.token = done.session_token.reveal()
        return done

    def bind_phone(self, **more: Any) -> Any:  # noqa: ANN401 - SignedIn
        """Tap the phone button and bind by it."""
        return self.do("bind_by_phone", self.town.wechat.tap(self.name, self.app), **more)

    def refused(self, deed: str, *args: Any, **more: Any) -> BindingConflict:  # noqa: ANN401 - any deed's
        """Do something that must meet a conflict; return it."""
        try:
            self.do(deed, *args, **more)
        except BindingConflict as conflict:
            return conflict
        raise AssertionError(f"{deed} met no conflict")

    def code_of(self, deed: str, *args: Any, **more: Any) -> str:  # noqa: ANN401 - any deed's
        """Return the code of what a deed raises, or "ok"."""
        try:
            self.do(deed, *args, **more)
        except MenjinError as error:
            return error.code
        return "ok"

    @property
    def account_id(self) -> AccountId | None:
        """The account the session speaks for."""
        account = self.town.door.authenticate(self.token).account
        return account.id if account is not None else None

    @property
    def openid(self) -> str:
        """The openid here."""
        return openid_of(self.name, self.app)

    def seal_phone(self, *, genuine: bool) -> tuple[str, str]:
        """Return a ciphertext of one's number, as wx made it, or as one forged it."""
        number = self.town.wechat.numbers[self.name]
        stamp = {"timestamp": int(self.town.clock.now().timestamp()), "appid": self.app.appid}
        payload = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": stamp}
        texts = seal_payload(payload).texts()
        if genuine:
            self.town.wechat.genuine.add(hash_encrypted_data(texts[0]))
        return texts


@dataclass
class Town:
    """A library, its clock, and WeChat."""

    door: Door
    wechat: WeChat
    clock: FakeClock
    heard: Heard
    parts: Parts

    def person(self, name: str, app: App = SHOP, number: str | None = None) -> Person:
        """Return somebody in an app; with a number, their WeChat has it from now on and nobody else's."""
        if number is not None:
            for other, kept in list(self.wechat.numbers.items()):
                if kept == number:
                    del self.wechat.numbers[other]
            self.wechat.numbers[name] = number
        return Person(self, name, app)


def build_town(
    colour: Colour,
    storage: Storage,
    folder: Path,
    apps: tuple[App, ...] = TOWN,
    *,
    platforms: bool = True,
    stores: Stores | None = None,
    **changes: Any,  # noqa: ANN401 - any part
) -> Town:
    """Return a town.

    Args:
        colour: Of the library.
        storage: Where it keeps things.
        folder: For SQLite.
        apps: Its apps.
        platforms: Whether WeChat says unionids, for apps with an Open Platform account.
        stores: Instead of `storage`.
        changes: Parts to be replaced.
    """
    wechat, clock, heard = WeChat(), FakeClock(), Heard()
    if platforms:
        wechat.platforms = {app.appid: app.open_platform for app in apps if app.open_platform is not None}
    parts = Parts(
        apps=Apps(apps),
        http=FunctionHttp(wechat.answer),
        stores=stores or make_stores(storage, colour, folder),
        pause=NoPause(),
        directory=DIRECTORY,
        clock=clock,
        randomness=CountedRandomness(),
        listener=heard,
    )
    parts = replace(parts, **changes)
    return Town(Door(parts, colour), wechat, clock, heard, parts)
