"""What WeChat must answer, worked out apart from wxsim.

The oracle drives a world through its one entry, keeps its own small account of
codes, keys, tokens and payments, and asserts after every call that the answer is
the one WeChat's rules demand. Its numbers are written here again on purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any

from wxsim import Clock, Request, Response, Rules, Settings, World
from wxsim.crypto import open_data

FIRST = "wxde30000000000001"
SECOND = "wxde30000000000002"
SECRETS = {FIRST: "01" * 16, SECOND: "02" * 16}
START = 1_800_000_000.0
PHONE = "13800138000"
CODE_LIFE, DEAD_MEMORY, KEY_REFRESH, KEY_LIFE = 300.0, 600.0, 300.0, 3 * 86_400.0
TOKEN_LIFE, TOKEN_GRACE = 7200.0, 300.0


@dataclass
class Ticket:
    """A code in the oracle's book."""

    text: str
    appid: str
    person: str
    issued: float
    used: float | None = None


@dataclass
class Key:
    """A session_key in the oracle's book; the value is unknown until exchanged."""

    made: float
    used: float
    value: str | None = None


@dataclass
class Token:
    """An access_token in the oracle's book."""

    text: str
    appid: str
    kind: str
    expires: float
    dies: float = float("inf")


@dataclass
class Book:
    """Everything the oracle believes."""

    keys: dict[tuple[str, str], Key] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    openids: dict[tuple[str, str], str] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)
    unionids: dict[tuple[str, str], str] = field(default_factory=dict)
    minute: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    tokens: list[Token] = field(default_factory=list)
    last_force: dict[str, float] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    phone_calls: int = 0


class Oracle:
    """A world under watch."""

    def __init__(self, rules: type[Rules] = Rules) -> None:
        self.clock = Clock(START, frozen=True)
        self.world = World(Settings(), clock=self.clock, rules=rules)
        self.book = Book()
        app = {"appid": SECOND, "secret": SECRETS[SECOND]}
        self.send("POST", "/_sim/apps", body=app)

    # -- talking

    @property
    def now(self) -> float:
        """The simulated time."""
        return self.clock.now()

    def send(self, method: str, url: str, *, body: object = None) -> Response:
        """Send one request and look at what every reply must carry."""
        response = self.world.handle(Request.to(method, url, body))
        assert "simulator" in response.headers["x-wxsim"]
        assert abs(float(response.headers["x-wxsim-now"]) - self.now) < 0.01
        return response

    def ask(self, method: str, path: str, *, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Call the server API; errors come with HTTP 200 and a request id."""
        text = "&".join(f"{name}={value}" for name, value in query.items())
        response = self.send(method, f"{path}?{text}", body=body)
        assert response.status == 200
        answer = response.json()
        if answer.get("errcode"):
            joint = ", rid: " if path.startswith("/sns/") else " rid: "
            tail = re.search(joint + r"([0-9a-f]{8})-[0-9a-f]{8}-[0-9a-f]{8}$", answer["errmsg"])
            assert tail, answer
            assert int(tail[1], 16) == int(self.now)
        return answer

    def wx(self, person: str, api: str, appid: str = FIRST, **options: Any) -> Any:  # noqa: ANN401 - JSON
        """Call wx on the person's phone, tapped."""
        response = self.send("POST", f"/_wx/{appid}/{person}/{api}?tap=1", body=options)
        assert response.status == 200, response.body
        if api not in {"getStorage", "setStorage"}:
            self._touch(appid, person)
        return response.json()

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self.send("POST", "/_sim/clock", body={"advance": seconds})

    # -- session_key

    def key(self, appid: str, person: str) -> Key | None:
        """Return the living key of the book."""
        key = self.book.keys.get((appid, person))
        return key if key is not None and self.now - key.used < KEY_LIFE else None

    def _touch(self, appid: str, person: str) -> None:
        key = self.key(appid, person)
        if key is not None:
            key.used = self.now

    def _retire(self, appid: str, person: str) -> None:
        old = self.book.keys.get((appid, person))
        if old is not None and old.value is not None:
            self.book.retired.add(old.value)

    def login(self, person: str, appid: str = FIRST) -> Ticket:
        """Log in: a code of the right shape, never seen before; a new key if it is time."""
        answer = self.wx(person, "login", appid)
        assert answer["errMsg"] == "login:ok"
        assert re.fullmatch("[0-9A-Za-z]{32}", answer["code"])
        assert answer["code"] not in self.book.texts
        self.book.texts.add(answer["code"])
        key = self.key(appid, person)
        if key is None or self.now - key.made >= KEY_REFRESH:
            self._retire(appid, person)
            self.book.keys[appid, person] = Key(self.now, self.now)
        return Ticket(answer["code"], appid, person, self.now)

    # -- code2Session

    def exchange(self, ticket: Ticket, appid: str | None = None) -> dict[str, Any]:
        """Exchange a login_code and check the answer against the book."""
        appid = appid or ticket.appid
        expected = self._exchange_errcode(ticket, appid)
        answer: dict[str, Any] = self.ask(
            "GET",
            "/sns/jscode2session",
            appid=appid,
            secret=SECRETS[appid],
            js_code=ticket.text,
            grant_type="authorization_code",
        )
        assert answer.get("errcode", 0) == expected, (answer, expected)
        if expected == 0:
            ticket.used = self.now
            self._check_identity(ticket, answer)
            self._learn_key(ticket, answer["session_key"])
        return answer

    def exchange_struck(self, ticket: Ticket, fault: str) -> None:
        """Exchange while a fault strikes: ``errcode`` has no effect, ``lost`` has."""
        self.send("POST", "/_sim/faults", body={"name": fault, "path": "/sns/*"})
        query = f"appid={ticket.appid}&secret={SECRETS[ticket.appid]}&js_code={ticket.text}"
        url = f"/sns/jscode2session?{query}&grant_type=authorization_code"
        response = self.send("GET", url)
        if fault == "errcode":
            assert response.json()["errcode"] == -1
            return
        assert response.delivery is not None
        if self._exchange_errcode(ticket, ticket.appid) == 0:
            ticket.used = self.now

    def rotate(self, person: str, appid: str = FIRST) -> None:
        """Let WeChat rotate a key behind everybody's back."""
        body = {"appid": appid, "person": person, "do": "rotate"}
        self.send("POST", "/_sim/session-keys", body=body)
        self._retire(appid, person)
        self.book.keys[appid, person] = Key(self.now, self.now)

    def _exchange_errcode(self, ticket: Ticket, appid: str) -> int:
        ends = ticket.issued + CODE_LIFE if ticket.used is None else ticket.used
        if ticket.appid != appid or self.now - ends >= DEAD_MEMORY:
            return 40029
        minute, count = self.book.minute.get((appid, ticket.person), (0, 0))
        count = count + 1 if minute == int(self.now // 60) else 1
        self.book.minute[appid, ticket.person] = (int(self.now // 60), count)
        if count > 100:
            return 45011
        if ticket.used is not None:
            return 40163
        if self.now - ticket.issued >= CODE_LIFE:
            return 40029
        return 40226 if ticket.person in self.book.blocked else 0

    def _check_identity(self, ticket: Ticket, answer: dict[str, Any]) -> None:
        assert re.fullmatch("o[0-9A-Za-z_-]{27}", answer["openid"])
        known = self.book.openids.setdefault((ticket.appid, ticket.person), answer["openid"])
        assert answer["openid"] == known
        assert len(set(self.book.openids.values())) == len(self.book.openids)
        platform = self.book.platforms.get(ticket.appid)
        assert ("unionid" in answer) == (platform is not None), answer
        if platform is not None:
            first = self.book.unionids.setdefault((platform, ticket.person), answer["unionid"])
            assert answer["unionid"] == first
            assert answer["unionid"] != answer["openid"]

    def _learn_key(self, ticket: Ticket, value: str) -> None:
        assert re.fullmatch("[0-9A-Za-z+/]{22}==", value)
        assert value not in self.book.retired, "a dead session_key was given out"
        key = self.key(ticket.appid, ticket.person)
        if key is not None:
            assert key.value in {None, value}, "the session_key changed without a login"
            key.value = value

    def check_session_on_phone(self, person: str, appid: str = FIRST) -> None:
        """Check wx.checkSession: it succeeds while the last key lives."""
        alive = self.key(appid, person) is not None
        answer = self.wx(person, "checkSession", appid)
        assert (answer["errMsg"] == "checkSession:ok") == alive, answer

    def check_session_on_server(self, person: str, value: str, appid: str = FIRST) -> None:
        """Check /wxa/checksession with some key: only the current one is good."""
        key = self.key(appid, person)
        good = key is not None and key.value == value
        answer = self.ask("GET", "/wxa/checksession", **self.signed(person, value, appid))
        assert answer["errcode"] == (0 if good else 87009), answer

    def signed(self, person: str, value: str, appid: str = FIRST) -> dict[str, str]:
        """Return the query of a call that is signed with a session_key."""
        digest = hmac.new(value.encode(), b"", hashlib.sha256).hexdigest()
        openid = self.world.identities.openid(appid, person)
        token = self.stable(appid)
        return {"access_token": token, "openid": openid, "signature": digest, "sig_method": "hmac_sha256"}

    def reset_key(self, person: str, appid: str = FIRST) -> None:
        """Reset a known, living key: the old one is dead, the old expiry stays."""
        key = self.key(appid, person)
        assert key is not None
        assert key.value is not None
        query = self.signed(person, key.value, appid)
        answer = self.ask("GET", "/wxa/resetusersessionkey", **query)
        assert answer["errcode"] == 0
        assert answer["session_key"] not in {key.value, *self.book.retired}
        self._retire(appid, person)
        self.book.keys[appid, person] = Key(self.now, key.used, answer["session_key"])

    # -- access_token

    def _mark(self, appid: str, kind: str, dies: float) -> None:
        for token in self.book.tokens:
            if (token.appid, token.kind) == (appid, kind) and self.now < token.expires:
                token.dies = min(token.dies, dies)

    def legacy(self, appid: str = FIRST) -> Token:
        """Ask for a legacy token: always new, the old ones work five minutes more."""
        query = {"grant_type": "client_credential", "appid": appid, "secret": SECRETS[appid]}
        answer = self.ask("GET", "/cgi-bin/token", **query)
        self._mark(appid, "legacy", self.now + TOKEN_GRACE)
        return self._new_token(answer, appid, "legacy")

    def stable(self, appid: str = FIRST, *, force: bool = False) -> str:
        """Ask for the stable token and check which one comes."""
        body = {"grant_type": "client_credential", "appid": appid, "secret": SECRETS[appid]}
        answer = self.ask("POST", "/cgi-bin/stable_token", body={**body, "force_refresh": force})
        forced = force and self.now - self.book.last_force.get(appid, 0.0) >= 30
        if forced:
            self.book.last_force[appid] = self.now
            self._mark(appid, "stable", self.now)
        current = [t for t in self.book.tokens if (t.appid, t.kind) == (appid, "stable")]
        if not forced and current and current[-1].expires - self.now > 300:
            assert answer["access_token"] == current[-1].text
            assert answer["expires_in"] == int(current[-1].expires - self.now)
        else:
            self._new_token(answer, appid, "stable")
        text: str = answer["access_token"]
        return text

    def _new_token(self, answer: dict[str, Any], appid: str, kind: str) -> Token:
        assert answer["expires_in"] == TOKEN_LIFE
        assert answer["access_token"] not in {token.text for token in self.book.tokens}
        assert len(answer["access_token"]) <= 512
        token = Token(answer["access_token"], appid, kind, self.now + TOKEN_LIFE)
        self.book.tokens.append(token)
        return token

    def use(self, token: Token) -> None:
        """Use a token and check whether it should still work."""
        answer = self.ask("GET", "/cgi-bin/get_api_domain_ip", access_token=token.text)
        replaced, expired = self.now >= token.dies, self.now >= token.expires
        expected = 40001 if replaced else 42001 if expired else 0
        assert answer.get("errcode", 0) == expected, (answer, token, self.now)

    # -- phone numbers

    def tap_phone(self, person: str = "ming", appid: str = FIRST) -> tuple[Ticket, dict[str, Any]]:
        """Tap the phone button of somebody who has a number."""
        answer = self.wx(person, "getPhoneNumber", appid)
        assert answer["errMsg"] == "getPhoneNumber:ok", answer
        assert re.fullmatch("[0-9a-f]{64}", answer["code"])
        self.book.phone_calls += 1
        lines = self.send("GET", "/_sim/phone-ledger").json()["calls"]
        assert len(lines) == self.book.phone_calls
        assert lines[-1]["trial_left"] == 1000 - sum(line["appid"] == appid for line in lines)
        key = self.key(appid, person)
        assert ("encryptedData" in answer) == (key is not None)
        if key is not None and key.value is not None:
            data = open_data(key.value, answer["iv"], answer["encryptedData"], appid)
            assert data["purePhoneNumber"] == PHONE
        return Ticket(answer["code"], appid, person, self.now), answer

    def exchange_phone(self, ticket: Ticket, appid: str = FIRST, openid: str = "") -> None:
        """Exchange a phone_code and check the number or the errcode."""
        body = {"code": ticket.text} | ({"openid": openid} if openid else {})
        token = self.stable(appid)
        answer = self.ask("POST", "/wxa/business/getuserphonenumber", body=body, access_token=token)
        owner = self.world.identities.openid(ticket.appid, ticket.person)
        dead = ticket.used is not None or self.now - ticket.issued >= CODE_LIFE
        expected = 40003 if openid not in {"", owner} else 0
        expected = 40029 if dead else expected
        expected = 40013 if ticket.appid != appid else expected
        ends = ticket.issued + CODE_LIFE if ticket.used is None else ticket.used
        expected = 40029 if self.now - ends >= DEAD_MEMORY else expected
        assert answer["errcode"] == expected, (answer, expected)
        if expected == 0:
            ticket.used = self.now
            assert answer["phone_info"]["phoneNumber"] == PHONE
            assert answer["phone_info"]["watermark"]["appid"] == appid

    def vouch(self, encrypted_data: str, made: float, owner: str, appid: str = FIRST) -> None:
        """Ask WeChat whether a ciphertext is its own."""
        digest = hashlib.sha256(encrypted_data.encode()).hexdigest()
        answer = self.ask(
            "POST",
            "/wxa/business/checkencryptedmsg",
            body={"encrypted_msg_hash": digest},
            access_token=self.stable(appid),
        )
        known = owner == appid and self.now - made < 3 * 86_400
        assert answer["errcode"] == (0 if known else 1), answer
        assert answer.get("vaild", False) is known

    # -- open platform and payments

    def bind(self, appid: str, platform: str) -> None:
        """Bind an app to an Open Platform account."""
        self.send("POST", f"/_sim/apps/{appid}", body={"open_platform": platform})
        self.book.platforms[appid] = platform

    def pay(self, person: str, appid: str = FIRST) -> dict[str, Any]:
        """Let a person pay."""
        paid: dict[str, Any] = self.send("POST", "/_sim/payments", body={"appid": appid, "person": person}).json()
        return paid

    def paid_unionid(self, paid: dict[str, Any], person: str, appid: str = FIRST) -> None:
        """Ask for the unionid of somebody who has paid."""
        answer = self.ask(
            "GET",
            "/wxa/getpaidunionid",
            access_token=self.stable(appid),
            openid=self.world.identities.openid(appid, person),
            transaction_id=paid["transaction_id"],
        )
        good = paid["appid"] == appid and paid["person"] == person
        expected = 0 if good and self.now - paid["paid_at"] < 300 else 89300
        if appid not in self.book.platforms:
            expected = 89002
        assert answer["errcode"] == expected, (answer, expected)
        if expected == 0:
            key = (self.book.platforms[appid], person)
            assert self.book.unionids.setdefault(key, answer["unionid"]) == answer["unionid"]

    def block(self, person: str, *, blocked: bool) -> None:
        """Rate a person high-risk, or no longer."""
        self.send("POST", f"/_sim/people/{person}", body={"blocked": blocked})
        (self.book.blocked.add if blocked else self.book.blocked.discard)(person)
