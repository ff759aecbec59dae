"""sign_in with a phone_code: one call that logs in and binds by the number, or says why it did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from menjin import AsyncMenjin, Secret, TaskPause, memory_stores
from menjin.accounts.binding import BindDecision, Holder, Join, Shown
from menjin.accounts.directory import Member
from menjin.accounts.model import Account
from menjin.adapters.memory import MemoryClaims
from menjin.apps import App, PhoneMatch
from menjin.errors import LoginCodeUsed, StoreUnavailable, TooManyAttempts
from menjin.limits.model import NO_LIMITS, Figures, Rate, UpstreamFigures
from menjin.login.results import SignedIn
from menjin.sessions.model import FoundSession
from menjin.sessions.store import SessionStore
from menjin.wechat.ports import HttpPort, HttpRequest, HttpResponse
from support.doors import DIRECTORY, MEMBERS
from support.town import DESK, MALL, SHOP, Person, PhoneDirectory, Town, build_town

MakeTown = Callable[..., Town]

KEY = "k" * 22
NUMBER = "13800138000"
NUMBERS = "/wxa/business/getuserphonenumber"
KNOWS_MING = PhoneDirectory(DIRECTORY, {f"+86{NUMBER}": "ming"})
BINDING_DESK = replace(DESK, phone_match="bind")


def log_in(person: Person, phone_code: str, **more: Any) -> SignedIn:  # noqa: ANN401 - sign_in's
    """Log a person in with a phone_code."""
    signed_in: SignedIn = person.sign_in_by_phone(phone_code=phone_code, **more)
    return signed_in


def tap_and_log_in(person: Person) -> SignedIn:
    """Tap the phone button, then log in with what it gave."""
    signed_in: SignedIn = person.sign_in_by_phone()
    return signed_in


def test_an_open_app_gives_the_new_account_its_number(town: Town) -> None:
    """One call: a new account with the number; the token is the one after the binding, and the deeds are told."""
    ming = town.person("ming", number=NUMBER)
    signed_in = tap_and_log_in(ming)
    assert (signed_in.phone_error, signed_in.is_new, signed_in.binding) == (None, True, "bound")
    assert signed_in.account is not None
    assert signed_in.account.phone_masked == "+86 138****8000"
    assert ming.account_id == signed_in.account.id
    assert town.heard.names() == ["signed_in", "bound"]


def test_a_bound_app_provisions_the_member(make_town: MakeTown) -> None:
    """Whom the directory knows by the number is bound to it at once, in an account made for it."""
    town = make_town((BINDING_DESK,), directory=KNOWS_MING)
    signed_in = tap_and_log_in(town.person("ming", BINDING_DESK, NUMBER))
    assert (signed_in.phone_error, signed_in.is_new, signed_in.binding) == (None, True, "bound")
    assert signed_in.account is not None
    assert signed_in.account.external_id == "ming"
    again = tap_and_log_in(town.person("ming", BINDING_DESK, NUMBER))
    assert again.account is not None
    assert (again.account.id, again.is_new) == (signed_in.account.id, False)


def test_a_conflict_is_told_and_goes_on_without_another_tap(make_town: MakeTown) -> None:
    """phone_error binding_conflict; by_phone without a code then says choices and ticket: one number was paid for."""
    town = make_town((DESK,), directory=KNOWS_MING)
    ming = town.person("ming", DESK, NUMBER)
    signed_in = tap_and_log_in(ming)
    assert (signed_in.phone_error, signed_in.binding) == ("binding_conflict", "required")
    conflict = ming.refused("bind_by_phone")
    assert conflict.choices == ("confirm", "move_with_password", "ask_operator")
    assert conflict.bind_ticket is not None
    assert ming.do("bind_by_phone", bind_ticket=conflict.bind_ticket.reveal()).account.external_id == "ming"
    assert town.wechat.asked.count(NUMBERS) == 1


def test_nobody_knows_the_number(town: Town) -> None:
    """In a bound app: account_not_found, and the number counts as verified for a password that wants one."""
    ming = town.person("ming", DESK, NUMBER)
    assert tap_and_log_in(ming).phone_error == "account_not_found"
    assert ming.code_of("bind_by_phone") == "account_not_found"
    assert ming.do("bind_by_password", "ming", MEMBERS["ming"]).binding == "bound"


def test_the_number_one_has_already_changes_nothing(town: Town) -> None:
    """Neither the token of this login, nor the other device's session, nor the audit line of a change."""
    first, second = town.person("ming", number=NUMBER), town.person("ming")
    tap_and_log_in(first)
    assert tap_and_log_in(second).phone_error is None
    assert first.account_id == second.account_id
    assert town.heard.names() == ["signed_in", "bound", "signed_in"]


@pytest.mark.parametrize("thief", [("stranger", SHOP), ("ming", MALL)], ids=["person", "app"])
def test_a_phone_code_is_its_persons_and_its_apps(town: Town, thief: tuple[str, Any]) -> None:
    """Another's phone_code, or one tapped in another app, is phone_code_invalid; the login stands without a number."""
    town.person("ming", number=NUMBER)
    stolen = town.wechat.tap("ming", SHOP)
    somebody = town.person(*thief)
    signed_in = log_in(somebody, stolen)
    assert (signed_in.phone_error, signed_in.binding) == ("phone_code_invalid", "bound")
    assert signed_in.account is not None
    assert signed_in.account.phone_masked is None
    assert somebody.code_of("bind_by_phone") == "verified_phone_required"


def test_control_a_wechat_that_does_not_look(town: Town) -> None:
    """CONTROL: one that gives the number to whoever asks makes the same login take the number."""
    stranger = town.person("stranger")
    stolen = tell_anybody(town, stranger)
    account = log_in(stranger, stolen).account
    assert account is not None
    assert account.phone_masked == "+86 138****8000"


def tell_anybody(town: Town, somebody: Person) -> str:
    """Tap ming's button, and let WeChat take the code for somebody else's: broken."""
    town.person("ming", number=NUMBER)
    stolen = town.wechat.tap("ming", SHOP)
    town.wechat.taps[stolen] = (somebody.app.appid, somebody.name, NUMBER)
    return stolen


@pytest.mark.parametrize("bad", ["é", "f" * 129, ""])
def test_an_impossible_phone_code_does_not_reach_wechat(town: Town, bad: str) -> None:
    """phone_code_invalid, and neither a number nor an access_token is asked for."""
    assert log_in(town.person("ming", number=NUMBER), bad).phone_error == "phone_code_invalid"
    assert town.wechat.asked == ["/sns/jscode2session"]


def test_the_login_code_twice_is_named(town: Town) -> None:
    """wx.login's code in both fields: login_code_as_phone_code, and WeChat is not asked about it."""
    code = town.wechat.code("ming", SHOP)
    assert town.door.sign_in(SHOP.appid, code, phone_code=code).phone_error == "login_code_as_phone_code"
    assert town.wechat.asked == ["/sns/jscode2session"]


def resold(town: Town) -> tuple[Person, Person, SignedIn]:
    """Let a victim's number be sold on; return them, the buyer, and the buyer's login with it."""
    victim = town.person("victim", number=NUMBER)
    tap_and_log_in(victim)
    buyer = town.person("buyer", number=NUMBER)
    return victim, buyer, tap_and_log_in(buyer)


def test_a_sold_number_takes_nothing_over(town: Town) -> None:
    """The buyer is logged in to an account of their own, told of the conflict; the victim notices nothing."""
    victim, buyer, signed_in = resold(town)
    assert (signed_in.phone_error, signed_in.is_new) == ("binding_conflict", True)
    assert buyer.account_id != victim.account_id
    assert town.door.authenticate(victim.token).account.phone_masked == "+86 138****8000"


def join_always(
    _own: Account | None, holder: Holder | None, _shown: Shown, _policy: PhoneMatch, *, is_same_number: bool = False
) -> BindDecision:
    """Join whoever has the number: the broken rule."""
    assert not is_same_number
    return Join(holder.account if holder is not None else None)


def test_control_a_rule_that_joins_by_number(make_town: MakeTown) -> None:
    """CONTROL: a build that trusts the number alone leads the buyer into the victim's account."""
    town = make_town()
    town.door._menjin._deeds.bind._accounts.bindings._decide_phone = join_always
    victim, buyer, signed_in = resold(town)
    assert signed_in.phone_error is None
    assert buyer.account_id == victim.account_id


def test_a_person_has_so_many_numbers_asked_for(make_town: MakeTown) -> None:
    """Beyond the limit too_many_attempts: the login stands, and WeChat is not asked."""
    figures = Figures(phone_codes_per_openid=Rate(1, timedelta(minutes=1)))
    town = make_town(figures=figures)
    ming = town.person("ming", number=NUMBER)
    assert tap_and_log_in(ming).phone_error is None
    assert tap_and_log_in(ming).phone_error == "too_many_attempts"
    assert ming.account_id is not None
    assert town.wechat.asked.count(NUMBERS) == 1


class DownDirectory(PhoneDirectory):
    """Cannot be asked for a number while it is down."""

    is_down = True

    async def find_by_phone(self, phone_number: str) -> Member | None:
        """Return whom a number belongs to.

        Raises:
            StoreUnavailable: It is down.
        """
        if self.is_down:
            raise StoreUnavailable
        return await super().find_by_phone(phone_number)


def test_an_outage_after_the_number_costs_no_second_tap(make_town: MakeTown) -> None:
    """phone_error store_unavailable; once the directory is back, by_phone without a code completes it."""
    directory = DownDirectory(DIRECTORY, {f"+86{NUMBER}": "ming"})
    town = make_town((BINDING_DESK,), directory=directory)
    ming = town.person("ming", BINDING_DESK, NUMBER)
    assert tap_and_log_in(ming).phone_error == "store_unavailable"
    directory.is_down = False
    assert ming.do("bind_by_phone").account.external_id == "ming"
    assert town.wechat.asked.count(NUMBERS) == 1


class LosingSessions:
    """Sessions in a store that goes away at the first rotation.

    Args:
        inner: Keeps them.
        is_late: Whether the rotation was carried out.
    """

    works_without_loop = True

    def __init__(self, inner: SessionStore, *, is_late: bool) -> None:
        self._inner = inner
        self._is_late = is_late
        self._is_up = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for every method
        return getattr(self._inner, name)

    async def rotate(self, *args: Any) -> bool:  # noqa: ANN401 - handed on
        """Rotate, but the first time say that the store is down."""
        if not self._is_up or self._is_late:
            rotated = await self._inner.rotate(*args)
        if self._is_up:
            self._is_up = False
            raise StoreUnavailable
        return rotated


def lose_a_rotation(make_town: MakeTown, *, is_late: bool) -> tuple[Town, Person, str, dict[str, str]]:
    """Return a town whose first rotation gets lost, and a person in it who is about to log in."""
    stores = memory_stores()
    stores = replace(stores, sessions=LosingSessions(stores.sessions, is_late=is_late), one_database=False)
    town = make_town((SHOP,), stores=stores)
    ming = town.person("ming", number=NUMBER)
    code = town.wechat.code("ming", SHOP)
    return town, ming, code, {"phone_code": town.wechat.tap("ming", SHOP), "idempotency_key": KEY}


def test_a_rotation_that_failed_leaves_the_token_good(make_town: MakeTown) -> None:
    """The login stands with the token it had; binding once more, without a tap, completes it."""
    town, ming, code, more = lose_a_rotation(make_town, is_late=False)
    signed_in = town.door.sign_in(SHOP.appid, code, **more)
    assert signed_in.phone_error == "store_unavailable"
    ming.token = signed_in.session_token.reveal()
    assert ming.do("bind_by_phone").account.phone_masked == "+86 138****8000"


def test_a_token_that_was_lost_is_not_handed_out(make_town: MakeTown) -> None:
    """Where the new token got lost the old one is dead: 503, for the replay login_code_used; then all is well."""
    town, ming, code, more = lose_a_rotation(make_town, is_late=True)
    with pytest.raises(StoreUnavailable):
        town.door.sign_in(SHOP.appid, code, **more)
    with pytest.raises(LoginCodeUsed):
        town.door.sign_in(SHOP.appid, code, **more)
    ming.sign_in()
    assert town.door.authenticate(ming.token).account.phone_masked == "+86 138****8000"


def test_a_replay_spends_no_phone_code(town: Town) -> None:
    """The same call with its key: the same token, is_new and phone_error; WeChat was asked once each."""
    town.person("ming", number=NUMBER)
    town.person("victim", number="13900139000")
    tap_and_log_in(town.person("victim"))
    town.person("hong", number="13900139000")
    for person, error in (("ming", None), ("hong", "binding_conflict")):
        code, phone_code, asked = town.wechat.code(person, SHOP), town.wechat.tap(person, SHOP), town.wechat.asked
        before = asked.count(NUMBERS)
        first, again = (
            town.door.sign_in(SHOP.appid, code, phone_code=phone_code, idempotency_key=KEY) for _ in range(2)
        )
        assert again.session_token == first.session_token
        assert [one.phone_error for one in (first, again)] == [error, error]
        assert (again.is_new, again.account) == (first.is_new, first.account)
        assert asked.count(NUMBERS) == before + 1


class ForgetfulClaims(MemoryClaims):
    """BROKEN: every presenter of a code is the first."""

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Claim a code, whoever did."""
        await super().claim(code_hash, now, until, is_keyed=is_keyed)
        return True


def present_at_once(folder: Path, *, claims: MemoryClaims, keyed: bool) -> tuple[list[Any], int]:
    """Present one login_code and phone_code twenty times at once, in two processes' worth of libraries."""
    stores = replace(memory_stores(), claims=claims)
    town = build_town("async", "memory", folder, stores=stores, figures=NO_LIMITS, pause=TaskPause())
    try:
        town.person("ming", number=NUMBER)
        code, phone_code = town.wechat.code("ming", SHOP), town.wechat.tap("ming", SHOP)
        key = KEY if keyed else None

        async def present() -> list[Any]:
            async with AsyncMenjin(town.parts) as one, AsyncMenjin(town.parts) as other:
                calls = (
                    door.sign_in(SHOP.appid, code, phone_code=phone_code, idempotency_key=key)
                    for door in (one, other) * 10
                )
                return await asyncio.gather(*calls, return_exceptions=True)

        return asyncio.run(present()), town.wechat.asked.count(NUMBERS)
    finally:
        town.door.close()


def test_twenty_presenters_spend_one_phone_code(tmp_path: Path) -> None:
    """With the key all get one token, bound; without it one does; the number is asked for once."""
    answers, asked = present_at_once(tmp_path, claims=MemoryClaims(), keyed=True)
    assert {(one.session_token.reveal(), one.phone_error) for one in answers} == {
        (answers[0].session_token.reveal(), None)
    }
    assert asked == 1
    answers, asked = present_at_once(tmp_path, claims=MemoryClaims(), keyed=False)
    assert sorted(type(one).__name__ for one in answers) == ["LoginCodeUsed"] * 19 + ["SignedIn"]
    assert asked == 1


def test_control_claims_that_are_forgotten(tmp_path: Path) -> None:
    """CONTROL: where a code is not claimed once for all, the phone_code is presented again."""
    _, asked = present_at_once(tmp_path, claims=ForgetfulClaims(), keyed=False)
    assert asked > 1


class SlowWeChat:
    """Does not answer at a path until it is let go.

    Args:
        inner: Answers then.
        path: Which.
    """

    def __init__(self, inner: HttpPort, path: str) -> None:
        self._inner = inner
        self._path = path
        self.waits, self.goes_on = asyncio.Event(), asyncio.Event()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer, in time or late."""
        if request.url.endswith(self._path) and not self.goes_on.is_set():
            self.waits.set()
            await self.goes_on.wait()
        return await self._inner.send(request)


def log_in_beside(folder: Path, slow: str) -> str:
    """Log in while another from the same address, where one is served at a time, waits for WeChat; say how it went."""
    town = build_town("async", "memory", folder)
    town.person("ming", number=NUMBER)
    upstream = UpstreamFigures(codes_per_address=1, codes_patience=timedelta(seconds=0.1))

    async def beside() -> str:
        wechat = SlowWeChat(town.parts.http, slow)
        async with AsyncMenjin(replace(town.parts, http=wechat, upstream=upstream)) as menjin:
            codes = [town.wechat.code(person, SHOP) for person in ("ming", "hong")]
            phone_code, address = town.wechat.tap("ming", SHOP), "203.0.113.5"
            first = asyncio.create_task(menjin.sign_in(SHOP.appid, codes[0], phone_code=phone_code, address=address))
            await wechat.waits.wait()
            try:
                await menjin.sign_in(SHOP.appid, codes[1], address=address)
            except TooManyAttempts:
                return "refused"
            finally:
                wechat.goes_on.set()
                assert (await first).phone_error is None
            return "served"

    try:
        return asyncio.run(beside())
    finally:
        town.door.close()


def test_slow_numbers_hold_up_no_logins(tmp_path: Path) -> None:
    """An address has had its turn once the login_code is exchanged: the next is served while WeChat thinks."""
    assert log_in_beside(tmp_path, NUMBERS) == "served"


def test_control_a_slow_exchange_holds_the_turn(tmp_path: Path) -> None:
    """CONTROL: within the turn the next has to wait, and is refused in the end."""
    assert log_in_beside(tmp_path, "/sns/jscode2session") == "refused"


def test_nothing_kept_names_the_phone_code(tmp_path: Path) -> None:
    """The database holds neither the phone_code nor the number in clear."""
    town = build_town("sync", "sqlite", tmp_path)
    town.person("ming", number=NUMBER)
    phone_code = "p" * 40
    town.wechat.taps[phone_code] = (SHOP.appid, "ming", NUMBER)
    assert log_in(town.person("ming"), phone_code, idempotency_key=KEY).phone_error is None
    town.door.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    secrets = [Secret(phone_code), Secret(NUMBER)]
    assert b"sign_in_claims" in kept
    assert not [secret for secret in secrets if secret.reveal().encode() in kept]


class Undying:
    """BROKEN: every session lives, whatever became of it.

    Args:
        inner: Keeps them.
    """

    works_without_loop = True

    def __init__(self, inner: SessionStore) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands in for every method
        return getattr(self._inner, name)

    async def find(self, token_hash: str) -> FoundSession | None:
        """Return the session of a token as if nothing had ended it."""
        found = await self._inner.find(token_hash)
        return FoundSession(replace(found.session, ended=None)) if found is not None else None


def log_in_while(
    folder: Path,
    app: App,
    meanwhile: Callable[[Town, AsyncMenjin], Awaitable[object]],
    believe: Callable[[SessionStore], SessionStore] = lambda sessions: sessions,
) -> SignedIn | BaseException:
    """Log in by phone; something else happens while WeChat is asked for the number. Return what it ended with."""
    stores = replace(memory_stores(), one_database=False)
    town = build_town("async", "memory", folder, (app,), stores=stores)
    town.person("ming", app, NUMBER)
    believed = replace(stores, sessions=believe(stores.sessions))

    async def play() -> SignedIn | BaseException:
        wechat = SlowWeChat(town.parts.http, NUMBERS)
        parts = replace(town.parts, http=wechat, stores=believed)
        async with AsyncMenjin(parts) as menjin, AsyncMenjin(town.parts) as other:
            code, phone_code = town.wechat.code("ming", app), town.wechat.tap("ming", app)
            first = asyncio.create_task(menjin.sign_in(app.appid, code, phone_code=phone_code))
            await wechat.waits.wait()
            town.clock.advance(seconds=1)
            await meanwhile(town, other)
            wechat.goes_on.set()
            (ended,) = await asyncio.gather(first, return_exceptions=True)
            return ended

    try:
        return asyncio.run(play())
    finally:
        town.door.close()


async def bind_elsewhere(town: Town, menjin: AsyncMenjin) -> None:
    """Bind the same number on the person's other phone."""
    code, phone_code = town.wechat.code("ming", SHOP), town.wechat.tap("ming", SHOP)
    await menjin.sign_in(SHOP.appid, code, phone_code=phone_code)


def test_a_login_that_another_phone_ended_is_none(tmp_path: Path) -> None:
    """On an app of one device at a time the later login stands; the other is told to log in."""
    single = replace(SHOP, devices="single")

    async def log_in_elsewhere(town: Town, menjin: AsyncMenjin) -> None:
        await menjin.sign_in(single.appid, town.wechat.code("ming", single))

    assert isinstance(log_in_while(tmp_path, single, log_in_elsewhere), LoginCodeUsed)


def test_a_login_that_another_phones_binding_ended_is_none(tmp_path: Path) -> None:
    """Both bind the same number: the second finds it bound and its own token outdated."""
    assert isinstance(log_in_while(tmp_path, SHOP, bind_elsewhere), LoginCodeUsed)


def test_control_without_a_look_at_the_session_a_dead_token_is_handed_out(tmp_path: Path) -> None:
    """CONTROL: where every session is believed to live, the same login succeeds."""
    assert isinstance(log_in_while(tmp_path, SHOP, bind_elsewhere, Undying), SignedIn)


def test_who_waits_for_the_first_ones_answer_keeps_nobody_from_a_turn(tmp_path: Path) -> None:
    """One number is slow, its login is repeated with its key from the same address; a plain login beside is served."""
    town = build_town("async", "memory", tmp_path, pause=TaskPause())
    town.person("ming", number=NUMBER)
    upstream = UpstreamFigures(codes_per_address=1, codes_patience=timedelta(seconds=0.1))

    async def play() -> None:
        wechat = SlowWeChat(town.parts.http, NUMBERS)
        async with AsyncMenjin(replace(town.parts, http=wechat, upstream=upstream)) as menjin:
            more: dict[str, Any] = {"phone_code": town.wechat.tap("ming", SHOP), "idempotency_key": KEY}
            more["address"] = "203.0.113.5"
            code, plain = town.wechat.code("ming", SHOP), town.wechat.code("hong", SHOP)
            tries = [asyncio.create_task(menjin.sign_in(SHOP.appid, code, **more))]
            await wechat.waits.wait()
            tries += [asyncio.create_task(menjin.sign_in(SHOP.appid, code, **more)) for _ in range(3)]
            await asyncio.sleep(0)
            await menjin.sign_in(SHOP.appid, plain, address="203.0.113.5")
            wechat.goes_on.set()
            assert len({one.session_token.reveal() for one in await asyncio.gather(*tries)}) == 1

    try:
        asyncio.run(play())
    finally:
        town.door.close()


def test_a_cancelled_login_keeps_no_repeat_waiting(tmp_path: Path) -> None:
    """Cancelled while WeChat is asked for the number: a repeat with the key is told at once that the code is used."""
    town = build_town("async", "memory", tmp_path)
    town.person("ming", number=NUMBER)

    async def play() -> None:
        wechat = SlowWeChat(town.parts.http, NUMBERS)
        async with AsyncMenjin(replace(town.parts, http=wechat)) as menjin:
            code = town.wechat.code("ming", SHOP)
            more: dict[str, Any] = {"phone_code": town.wechat.tap("ming", SHOP), "idempotency_key": KEY}
            first = asyncio.create_task(menjin.sign_in(SHOP.appid, code, **more))
            await wechat.waits.wait()
            first.cancel()
            await asyncio.wait([first])
            assert first.cancelled()
            with pytest.raises(LoginCodeUsed):
                await menjin.sign_in(SHOP.appid, code, **more)

    try:
        asyncio.run(play())
    finally:
        town.door.close()
