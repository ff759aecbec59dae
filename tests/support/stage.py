"""A whole library whose WeChat hands out keys of the test's choosing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from menjin import App, AppId, Apps, FunctionHttp, Parts, Secret, TokenFigures
from support.clock import ClockStopwatch, CountedRandomness, FakeClock, NoPause
from support.doors import Colour, Door, Heard, Storage, make_stores
from support.sealing import APPID, KEY, NOW, OPENID

OPEN_APP = App(APPID, Secret("0" * 32), open_platform="one")
BOUND_APP = replace(OPEN_APP, sign_in="bound")
SISTER_APP = replace(OPEN_APP, appid=AppId("wx5157e00000000001"))


@dataclass
class Stage:
    """A library on a clock at the sample's watermark.

    Attributes:
        answers: What WeChat says to a login_code.
    """

    door: Door
    clock: FakeClock
    heard: Heard
    answers: dict[str, dict[str, str]] = field(default_factory=dict)

    def sign_in(self, key: str = KEY, openid: str = OPENID, unionid: str | None = None, appid: str = APPID) -> str:
        """Log a person in, with a session_key of one's choosing; return the session_token."""
        self.clock.advance(microseconds=1)  # no two sessions begin at the same moment
        code = f"code{len(self.answers)}"
        self.answers[code] = {"openid": openid, "session_key": key} | ({"unionid": unionid} if unionid else {})
        token: str = self.door.sign_in(appid, code).session_token.reveal()
        return token


def set_stage(colour: Colour, storage: Storage, folder: Path, apps: tuple[App, ...]) -> Stage:
    """Return a stage with these apps."""
    answers: dict[str, dict[str, str]] = {}

    def answer(_method: str, url: str, _body: bytes) -> tuple[int, bytes]:
        codes = parse_qs(urlsplit(url).query).get("js_code")
        answer = answers[codes[0]] if codes else {"errcode": 48001, "errmsg": "no such API on this stage"}
        return 200, json.dumps(answer).encode()

    clock, heard = FakeClock(NOW), Heard()
    parts = Parts(
        apps=Apps(apps),
        http=FunctionHttp(answer),
        stores=make_stores(storage, colour, folder),
        pause=NoPause(),
        clock=clock,
        stopwatch=ClockStopwatch(clock),
        tokens=TokenFigures(jitter=timedelta(0)),
        keeps_tokens=False,
        randomness=CountedRandomness(),
        listener=heard,
    )
    return Stage(Door(parts, colour), clock, heard, answers)
