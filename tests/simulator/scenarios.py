"""Short stories that show WeChat's rules one by one; each asserts through the oracle.

They run against the real rules, where all must pass, and against each broken
rule, where at least one must fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.oracle import FIRST, SECOND, Oracle, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable


def a_code_works_once(oracle: Oracle) -> None:
    """A login_code is exchanged once; then 40163, after a while 40029."""
    ticket = oracle.login("ming")
    oracle.exchange(ticket)
    oracle.exchange(ticket)
    oracle.advance(599)
    oracle.exchange(ticket)
    oracle.advance(1)
    oracle.exchange(ticket)


def a_code_lives_five_minutes(oracle: Oracle) -> None:
    """A login_code works at 299.9 s and not at 300 s."""
    young, old = oracle.login("ming"), oracle.login("hong")
    oracle.advance(299.9)
    oracle.exchange(young)
    oracle.advance(0.1)
    oracle.exchange(old)


def a_code_belongs_to_its_app(oracle: Oracle) -> None:
    """Another app's code is an invalid code, and stays good for its own app."""
    ticket = oracle.login("ming")
    oracle.exchange(ticket, SECOND)
    oracle.exchange(ticket)


def a_user_has_a_hundred_calls_a_minute(oracle: Oracle) -> None:
    """The 101st exchange of a person in a minute is 45011 and spends no code."""
    oracle.advance(60 - oracle.now % 60)
    for _ in range(100):
        oracle.exchange(oracle.login("ming"))
    ticket = oracle.login("ming")
    oracle.exchange(ticket)
    oracle.exchange(oracle.login("hong"))
    oracle.advance(60)
    oracle.exchange(ticket)


def a_blocked_person_is_refused(oracle: Oracle) -> None:
    """A high-risk person is refused with 40226, and let in again afterwards."""
    oracle.block("ming", blocked=True)
    ticket = oracle.login("ming")
    oracle.exchange(ticket)
    oracle.block("ming", blocked=False)
    oracle.exchange(ticket)


def a_key_rotates_at_login_after_five_minutes(oracle: Oracle) -> None:
    """A login within five minutes keeps the key, a later one replaces it at once."""
    first = oracle.exchange(oracle.login("ming"))["session_key"]
    oracle.advance(299)
    oracle.exchange(oracle.login("ming"))
    oracle.check_session_on_server("ming", first)
    oracle.advance(2)
    ticket = oracle.login("ming")
    oracle.check_session_on_server("ming", first)
    second = oracle.exchange(ticket)["session_key"]
    oracle.check_session_on_server("ming", second)
    oracle.check_session_on_server("ming", first)


def a_key_dies_after_three_idle_days(oracle: Oracle) -> None:
    """Use keeps a key alive; three days without use end it."""
    value = oracle.exchange(oracle.login("ming"))["session_key"]
    for _ in range(3):
        oracle.advance(2 * 86_400)
        oracle.check_session_on_phone("ming")
    oracle.check_session_on_server("ming", value)
    oracle.advance(3 * 86_400 - 1)
    oracle.check_session_on_server("ming", value)
    oracle.advance(1)
    oracle.check_session_on_server("ming", value)
    oracle.check_session_on_phone("ming")
    oracle.exchange(oracle.login("ming"))


def a_reset_key_inherits_the_expiry(oracle: Oracle) -> None:
    """A reset kills the old key at once and does not lengthen the life."""
    value = oracle.exchange(oracle.login("ming"))["session_key"]
    oracle.advance(2 * 86_400)
    oracle.reset_key("ming")
    oracle.check_session_on_server("ming", value)
    key = oracle.key(FIRST, "ming")
    assert key is not None
    assert key.value is not None
    oracle.check_session_on_server("ming", key.value)
    oracle.advance(86_400)
    oracle.check_session_on_server("ming", key.value)


def a_signature_is_of_the_text(oracle: Oracle) -> None:
    """A signature by somebody else's key is 87009."""
    oracle.exchange(oracle.login("ming"))
    other = oracle.exchange(oracle.login("hong"))["session_key"]
    oracle.check_session_on_server("ming", other)


def a_legacy_token_has_a_grace(oracle: Oracle) -> None:
    """A replaced legacy token works five minutes more, an unreplaced one two hours."""
    first = oracle.legacy()
    second = oracle.legacy()
    oracle.advance(299)
    oracle.use(first)
    oracle.advance(1)
    oracle.use(first)
    oracle.use(second)
    oracle.advance(7200 - 301)
    oracle.use(second)
    oracle.advance(1)
    oracle.use(second)


def legacy_and_stable_are_apart(oracle: Oracle) -> None:
    """Neither token call touches the tokens of the other."""
    stable = oracle.stable()
    legacy = oracle.legacy()
    oracle.legacy()
    oracle.advance(301)
    assert oracle.stable() == stable
    oracle.use(oracle.book.tokens[0])
    oracle.use(legacy)
    last = oracle.legacy()
    oracle.stable(force=True)
    oracle.use(last)


def a_stable_token_stays_until_five_minutes_before(oracle: Oracle) -> None:
    """The same token with the remaining time; a new one in the last five minutes."""
    oracle.stable()
    oracle.advance(6899)
    oracle.stable()
    oracle.advance(2)
    oracle.stable()
    oracle.use(oracle.book.tokens[0])
    oracle.use(oracle.book.tokens[1])


def force_replaces_at_once_and_seldom(oracle: Oracle) -> None:
    """A forced token kills the old one at once; 30 s apart, 20 a day."""
    oracle.stable()
    oracle.stable(force=True)
    oracle.use(oracle.book.tokens[0])
    oracle.advance(29)
    oracle.stable(force=True)
    oracle.advance(1)
    oracle.stable(force=True)
    for _ in range(18):
        oracle.advance(30)
        oracle.stable(force=True)
    oracle.advance(31)
    kept = oracle.book.tokens[-1].text
    oracle.book.last_force[FIRST] = oracle.now
    assert oracle.stable(force=True) == kept


def a_token_belongs_to_its_app(oracle: Oracle) -> None:
    """The openid of another app is unknown to this app's token."""
    value = oracle.exchange(oracle.login("ming"))["session_key"]
    query = oracle.signed("ming", value) | {"access_token": oracle.stable(SECOND)}
    assert oracle.ask("GET", "/wxa/checksession", **query)["errcode"] == 40003


def a_phone_code_works_once_for_its_owner(oracle: Oracle) -> None:
    """A phone_code: its app, its owner's openid, once."""
    openid = oracle.exchange(oracle.login("ming"))["openid"]
    other = oracle.exchange(oracle.login("hong"))["openid"]
    ticket, _ = oracle.tap_phone()
    oracle.exchange_phone(ticket, SECOND)
    oracle.exchange_phone(ticket, openid=other)
    oracle.exchange_phone(ticket, openid=openid)
    oracle.exchange_phone(ticket)


def a_phone_code_lives_five_minutes(oracle: Oracle) -> None:
    """A phone_code works at 299 s and not at 300 s; no login is needed before."""
    (young, _), (old, _) = oracle.tap_phone(), oracle.tap_phone()
    oracle.advance(299)
    oracle.exchange_phone(young)
    oracle.advance(1)
    oracle.exchange_phone(old)


def codes_are_not_interchangeable(oracle: Oracle) -> None:
    """A login_code is no phone_code and the other way round."""
    login = oracle.login("ming")
    oracle.tap_phone()
    body = {"code": login.text}
    token = oracle.stable()
    answer = oracle.ask("POST", "/wxa/business/getuserphonenumber", body=body, access_token=token)
    assert answer["errcode"] == 40029
    phone, _ = oracle.tap_phone()
    phone = Ticket(phone.text, SECOND, "ming", phone.issued)
    oracle.exchange(phone, FIRST)
    oracle.exchange(login)


def a_ciphertext_is_vouched_for_three_days(oracle: Oracle) -> None:
    """Checkencryptedmsg knows a phone message of its own app for three days."""
    oracle.exchange(oracle.login("ming"))
    _, answer = oracle.tap_phone()
    made, sealed = oracle.now, answer["encryptedData"]
    oracle.vouch(sealed, made, FIRST)
    oracle.vouch(sealed, made, FIRST, SECOND)
    oracle.vouch(sealed.lower(), made - 10**6, FIRST)
    oracle.advance(3 * 86_400 - 1)
    oracle.vouch(sealed, made, FIRST)
    oracle.advance(1)
    oracle.vouch(sealed, made, FIRST)


def a_unionid_appears_when_the_app_is_bound(oracle: Oracle) -> None:
    """No unionid before the binding; one for both apps of a platform after it."""
    oracle.exchange(oracle.login("ming"))
    oracle.bind(FIRST, "op1")
    oracle.exchange(oracle.login("ming"))
    oracle.exchange(oracle.login("ming", SECOND))
    oracle.bind(SECOND, "op1")
    oracle.exchange(oracle.login("ming", SECOND))
    oracle.exchange(oracle.login("hong", SECOND))


def a_payment_tells_the_unionid_for_five_minutes(oracle: Oracle) -> None:
    """getpaidunionid: bound apps, the payer, five minutes."""
    paid = oracle.pay("ming")
    oracle.paid_unionid(paid, "ming")
    oracle.bind(FIRST, "op1")
    oracle.bind(SECOND, "op1")
    oracle.paid_unionid(paid, "ming")
    oracle.paid_unionid(paid, "hong")
    oracle.paid_unionid(paid, "ming", SECOND)
    oracle.exchange(oracle.login("ming"))
    oracle.advance(299)
    oracle.paid_unionid(paid, "ming")
    oracle.advance(1)
    oracle.paid_unionid(paid, "ming")


def a_refused_scope_stays_refused(oracle: Oracle) -> None:
    """A refused scope fails without a question until the settings page."""
    oracle.send("POST", "/_sim/people/ming", body={"answers": {"scope.record": "refuse"}})
    refused = "authorize:fail auth deny"
    assert oracle.wx("ming", "authorize", scope="scope.record")["errMsg"] == refused
    oracle.send("POST", "/_sim/people/ming", body={"answers": {}})
    assert oracle.wx("ming", "authorize", scope="scope.record")["errMsg"] == refused
    assert oracle.wx("ming", "openSetting")["authSetting"]["scope.record"] is True
    assert oracle.wx("ming", "authorize", scope="scope.record")["errMsg"] == "authorize:ok"


def a_refused_contract_is_quiet_for_ten_seconds(oracle: Oracle) -> None:
    """After a refusal of the privacy contract nobody asks again for ten seconds."""
    oracle.send("POST", "/_sim/people/ming", body={"answers": {"privacy": "refuse"}})
    assert oracle.wx("ming", "chooseAvatar").get("errno") == 104
    oracle.send("POST", "/_sim/people/ming", body={"answers": {}})
    oracle.advance(9.9)
    assert oracle.wx("ming", "chooseAvatar").get("errno") == 104
    oracle.advance(0.1)
    assert oracle.wx("ming", "chooseAvatar")["errMsg"] == "chooseAvatar:ok"


def the_day_begins_at_midnight_in_beijing(oracle: Oracle) -> None:
    """The day's count of legacy tokens ends at 2,000 and begins anew at 16:00 UTC."""
    oracle.advance(16 * 3600 - 1 - oracle.now % 86_400)
    query = {"grant_type": "client_credential", "appid": FIRST, "secret": "01" * 16}
    answers = [oracle.ask("GET", "/cgi-bin/token", **query) for _ in range(2001)]
    assert "access_token" in answers[1999]
    assert answers[2000]["errcode"] == 45009
    oracle.advance(1)
    assert "access_token" in oracle.ask("GET", "/cgi-bin/token", **query)


SCENARIOS: list[Callable[[Oracle], None]] = [
    story for story in list(globals().values()) if callable(story) and getattr(story, "__module__", "") == __name__
]
