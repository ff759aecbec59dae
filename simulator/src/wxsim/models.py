"""The things of the world: people, devices, apps, codes, keys, tokens, payments.

Plain records without behaviour; what may happen to them is said in ``rules`` and
done by the modules named after them. Times are Unix seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Answer = Literal["allow", "refuse", "ask"]
TokenKind = Literal["legacy", "stable"]
Platform = Literal["ios", "android", "devtools"]


class PhoneNumber(msgspec.Struct, frozen=True):
    """A mobile number: national part and country code, digits only."""

    number: str
    country_code: str = "86"


class Profile(msgspec.Struct, frozen=True):
    """What a person once typed into WeChat's profile page."""

    nick_name: str = ""
    avatar_url: str = ""
    gender: int = 0
    language: str = "zh_CN"
    city: str = "Guangzhou"
    province: str = "Guangdong"
    country: str = "China"


class Device(msgspec.Struct):
    """A phone (or the developer tools) in a person's hand.

    Attributes:
        name: what the URL calls it.
        platform: decides the wording of refusals.
        base_library: the version of WeChat's base library, or "" for the world's.
        network: ``weak`` serves cached results if the app asked for a cache,
            ``none`` lets every call that needs WeChat fail.
        storage: per appid, key to (value, encrypted).
        cache_lists: per appid the calls that a started cache manager keeps.
        cached: per "appid/api" the last answer and when it was kept.
    """

    name: str
    platform: Platform = "ios"
    base_library: str = ""
    network: Literal["good", "weak", "none"] = "good"
    storage: dict[str, dict[str, StoredValue]] = {}
    cache_lists: dict[str, list[str]] = {}
    cached: dict[str, CachedAnswer] = {}


class StoredValue(msgspec.Struct, frozen=True):
    """One entry of a mini program's storage: JSON text, and how it was written."""

    text: str
    encrypted: bool = False


class CachedAnswer(msgspec.Struct, frozen=True):
    """An answer that the cache manager may serve again."""

    answer: dict[str, object]
    kept_at: float


class Person(msgspec.Struct):
    """Somebody with a WeChat account.

    Attributes:
        name: what the URL calls the person.
        phone: the number bound to the WeChat account, if any.
        answers: what the person says when asked, by scope or call; ``*`` is for
            all the rest. ``ask`` leaves it to whoever drives the phone.
        blocked: rated high-risk by WeChat: code2Session answers 40226.
        login_blocked: wx.login itself fails with errno 1402101.
        phone_blocked: the phone button fails with errno 1421102.
        fetch_tokens: per appid the token of wx.setBackgroundFetchToken.
        steps: today's steps, for wx.getWeRunData.
    """

    name: str
    phone: PhoneNumber | None = None
    profile: Profile = Profile()
    answers: dict[str, Answer] = {}
    blocked: bool = False
    login_blocked: bool = False
    phone_blocked: bool = False
    fetch_tokens: dict[str, str] = {}
    steps: int = 5000
    devices: dict[str, Device] = {}


class App(msgspec.Struct):
    """One mini program as its console shows it.

    Attributes:
        open_platform: id of the Open Platform account it is bound to, or "".
        published_at: when this version was published; None means just now.
        env: develop, trial or release.
        declared: data types declared in the privacy guide with the moment of
            declaration; ``*`` stands for all of them.
        banned: private calls WeChat has banned for this app.
        phone_button: whether the account may use the phone button at all.
        phone_trial_used: free phone calls that are gone already.
        phone_paid_calls: bought phone calls that are left.
        token_errcode: answer token calls with this errcode (40243, 50004, 50007,
            89503, 89506, 89507), 0 for none.
        release: number of the release, which the Referer of its requests names.
        domains: addresses that requests through the simulator may reach, as in the
            console: ``api.example.com`` (https, default port), ``api.example.com:8443``,
            or for a laptop a whole origin, ``http://127.0.0.1:8700``.
    """

    appid: str
    secret: str
    name: str = "wxsim"
    open_platform: str = ""
    plugins: list[str] = []
    ip_whitelist: list[str] = []
    published_at: float | None = None
    env: Literal["develop", "trial", "release"] = "release"
    version: str = "1.0.0"
    release: int = 1
    use_privacy_check: bool = False
    declared: dict[str, float] = msgspec.field(default_factory=lambda: {"*": 0.0})
    banned: list[str] = []
    phone_button: bool = True
    phone_trial_used: int = 0
    phone_paid_calls: int = 0
    token_errcode: int = 0
    mock_code: bool = False
    domains: list[str] = []


class Code(msgspec.Struct):
    """A one-time ticket: a login_code, a phone_code or a plugin's code."""

    appid: str
    person: str
    issued_at: float
    used_at: float | None = None
    extra: str = ""


class SessionKey(msgspec.Struct):
    """The one session_key of a person in an app."""

    value: str
    made_at: float
    used_at: float


class Token(msgspec.Struct):
    """An access_token; ``dies_at`` comes forward when it is replaced."""

    appid: str
    kind: TokenKind
    issued_at: float
    expires_at: float
    dies_at: float


class Payment(msgspec.Struct, frozen=True):
    """A payment made in an app, good for asking the unionid a short while."""

    transaction_id: str
    mch_id: str
    out_trade_no: str
    appid: str
    person: str
    paid_at: float


class EncryptKey(msgspec.Struct, frozen=True):
    """A key of wx.getUserCryptoManager; ``iv`` is 16 ASCII characters."""

    encrypt_key: str
    version: int
    iv: str
    create_time: int


class Grant(msgspec.Struct):
    """What a person has decided about an app; kept by WeChat's server.

    Attributes:
        scopes: each scope asked for so far, and whether it was granted.
        agreed: data types whose privacy contract the person has agreed to.
        refused_at: when the privacy contract was last refused.
    """

    scopes: dict[str, bool] = {}
    agreed: list[str] = []
    refused_at: float | None = None


class PhoneCall(msgspec.Struct, frozen=True):
    """One line of the phone ledger: what a tap on the phone button has cost."""

    at: float
    appid: str
    person: str
    api: str
    fen: int
    trial_left: int
    paid_left: int


class SealedMessage(msgspec.Struct, frozen=True):
    """WeChat's memory of one encrypted phone message."""

    appid: str
    created_at: float
