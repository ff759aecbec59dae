"""The five account pre-hijacking attacks, as far as they apply: none of them works here.

Each attacker prepares an account before its victim comes, and waits. Source: Sudhodanan and Paverd, "Pre-hijacked
accounts", USENIX Security 2022. Each test has a control: the same attack on a library with one part broken succeeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from menjin.accounts.binding import BindDecision, Holder, Join, Shown, bind_phone
from menjin.accounts.model import Account
from menjin.apps import PhoneMatch
from menjin.errors import MenjinError
from support.doors import MEMBERS
from support.town import DESK, MALL, SHOP, TOWN, Person, Town, build_town

NUMBER = "13800138000"


class Breakable:
    """Towns whose inside a control may break.

    Args:
        folder: For stores; these keep nothing there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.towns: list[Town] = []

    def __call__(self, **changes: object) -> Town:
        """Return a town in memory."""
        self.towns.append(build_town("sync", "memory", self._folder, TOWN, **changes))  # type: ignore[arg-type] # parts
        return self.towns[-1]


@pytest.fixture
def build(tmp_path: Path) -> Any:  # noqa: ANN401 - an iterator of a builder
    """Return what builds towns."""
    builder = Breakable(tmp_path)
    yield builder
    for town in builder.towns:
        town.door.close()


def deeds(town: Town) -> Any:  # noqa: ANN401 - the door's inside, for a control to break
    """Return the flows behind a town's door."""
    return town.door._menjin._deeds


def trusting(
    own: Account | None, holder: Holder | None, shown: Shown, policy: PhoneMatch, *, is_same_number: bool = False
) -> BindDecision:
    """BROKEN: whoever has the number has the account."""
    if holder is not None and holder.account is not None:
        return Join(holder.account)
    return bind_phone(own, holder, shown, policy, is_same_number=is_same_number)


def classic_federated_merge(town: Town) -> bool:
    """The attacker's account has the victim's identifier before the victim logs in by WeChat.

    Here the identifier is a phone number, since sold; whether the victim, who verifies it, lands in that account.
    """
    attacker = town.person("attacker", number=NUMBER).sign_in()
    attacker.bind_phone()
    victim = town.person("victim", MALL, NUMBER).sign_in()
    victim.code_of("bind_by_phone", town.wechat.tap("victim", MALL))
    return victim.account_id == attacker.account_id


def test_classic_federated_merge(build: Breakable) -> None:
    """The victim who shows a number that an attacker's account has keeps an account of their own."""
    assert not classic_federated_merge(build())


def test_control_classic_federated_merge(build: Breakable) -> None:
    """CONTROL: a rule that takes the number for the person merges the victim into the attacker's account."""
    town = build()
    deeds(town).bind._accounts.bindings._decide_phone = trusting
    assert classic_federated_merge(town)


def unexpired_session(town: Town) -> bool:
    """An attacker who was in the victim's account keeps a session of it after the identity was parted from it."""
    attacker = town.person("attacker").sign_in()
    attacker.do("bind_by_password", "ming", MEMBERS["ming"])
    kept = [town.person("attacker").sign_in() for _ in range(3)]
    account = attacker.account_id
    attacker.do("unbind")
    victim = town.person("victim", DESK).sign_in()
    assert victim.do("bind_by_password", "ming", MEMBERS["ming"]).account.id == account
    return any(is_in(session, account) for session in (attacker, *kept))


def is_in(person: Person, account: str | None) -> bool:
    """Whether a session still speaks for an account."""
    try:
        return person.account_id == account
    except MenjinError:
        return False


def test_unexpired_session(build: Breakable) -> None:
    """No session of a parted identity speaks for the account any more."""
    assert not unexpired_session(build())


def test_control_unexpired_session(build: Breakable) -> None:
    """CONTROL: where a parting ends no other session, one of them is still in."""
    town = build()

    async def end_nothing(*_args: object) -> int:
        return 0

    deeds(town).bind._rebinding._sessions.end_others = end_nothing
    assert unexpired_session(town)


def trojan_identifier(town: Town) -> bool:
    """The attacker hangs an identifier of the victim's on an account of their own, which the victim then lands in.

    Here it is the unionid, in user data that the attacker forged before the victim ever came.
    """
    attacker = town.person("attacker", SHOP).sign_in()
    stolen = town.wechat.unionid("victim", MALL) or ""
    note = deeds(town).unionids.note
    session = town.door.authenticate(attacker.token).session
    town.door._settle(_drive(note(session, stolen, "user_data")))
    return town.person("victim", MALL).sign_in().account_id == attacker.account_id


def _drive(flow: Any) -> Any:  # noqa: ANN401 - any flow's
    try:
        flow.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the flow waits for something")


def test_trojan_identifier(build: Breakable) -> None:
    """The owner of a unionid that somebody claimed in user data gets an account of their own."""
    town = build()
    town.wechat.platforms = {MALL.appid: "one"}
    assert not trojan_identifier(town)


def test_control_trojan_identifier(build: Breakable) -> None:
    """CONTROL: where user data counts as WeChat's word, the victim lands in the attacker's account."""
    town = build()
    town.wechat.platforms = {MALL.appid: "one"}
    accounts = deeds(town).unionids._accounts
    record = accounts.record_unionid

    async def trust(app: object, openid: object, unionid: object, _occasion: object, account: object = None) -> object:
        return await record(app, openid, unionid, "word", account)

    accounts.record_unionid = trust
    assert trojan_identifier(town)


def unexpired_change(town: Town) -> bool:
    """The attacker starts a change that would hang the victim's number on their account, and ends it once it is theirs.

    Here: a ticket of a conflict over the number, used after the victim has bound.
    """
    member = town.person("somebody", number=NUMBER).sign_in()
    member.bind_phone()
    member.do("bind_by_password", "ming", MEMBERS["ming"])
    member.do("unbind")  # a member's account without WeChat, whose number the attacker had for a day
    attacker = town.person("attacker", DESK, NUMBER).sign_in()
    ticket = attacker.refused("bind_by_phone", town.wechat.tap("attacker", DESK)).bind_ticket
    assert ticket is not None
    town.person("victim", DESK, NUMBER).sign_in().do("bind_by_password", "ming", MEMBERS["ming"])
    attacker.code_of("bind_by_phone", bind_ticket=ticket.reveal())
    return attacker.account_id is not None


def test_unexpired_change(build: Breakable) -> None:
    """What a ticket waits for is judged anew when it is used: a WeChat identity leads there now."""
    assert not unexpired_change(build())


def test_control_unexpired_change(build: Breakable) -> None:
    """CONTROL: with a ticket that is taken for the decision itself, the attacker gets in."""
    town = build()
    deeds(town).bind._accounts.bindings._decide_phone = trusting_tickets
    assert unexpired_change(town)


def trusting_tickets(
    own: Account | None, holder: Holder | None, shown: Shown, policy: PhoneMatch, *, is_same_number: bool = False
) -> BindDecision:
    """BROKEN: who was offered something once may have it whatever happened since."""
    if shown.is_confirmed and holder is not None:
        return Join(holder.account)
    return bind_phone(own, holder, shown, policy, is_same_number=is_same_number)


def non_verifying_provider(town: Town) -> bool:
    """The attacker binds the victim's number by a word that nobody verified: a ciphertext WeChat did not make."""
    attacker = town.person("attacker", number=NUMBER).sign_in()
    forged = attacker.seal_phone(genuine=False)
    town.person("victim", MALL, NUMBER)
    attacker.code_of("bind_by_phone", encrypted=forged)
    return town.door.authenticate(attacker.token).account.phone_masked is not None


def test_non_verifying_provider(build: Breakable) -> None:
    """A ciphertext that opens, and that WeChat does not vouch for, binds no number."""
    assert not non_verifying_provider(build())


def test_control_non_verifying_provider(build: Breakable) -> None:
    """CONTROL: where WeChat's word on the ciphertext is not asked for, the victim's number is the attacker's."""
    town = build()

    async def believe(*_args: object) -> object:
        return type("Vouched", (), {"is_genuine": True})()

    deeds(town).bind._phones._wechat.check_encrypted_data = believe
    assert non_verifying_provider(town)
