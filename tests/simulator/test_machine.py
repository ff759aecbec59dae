"""A machine that lives in the world at random and watches every answer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from simulator.mutations import MUTATIONS
from simulator.oracle import FIRST, SECOND, Oracle, Ticket
from wxsim import Rules

PEOPLE = st.sampled_from(["ming", "hong"])
APPS = st.sampled_from([FIRST, SECOND])
SPANS = st.sampled_from([0.5, 1.0, 29.0, 30.0, 60.0, 299.0, 300.0, 301.0, 600.0, 6900.0, 7200.0, 86_400.0, 259_200.0])


class Life(RuleBasedStateMachine):
    """People log in, tap and pay; servers exchange, check and reset; time passes."""

    wechat: type[Rules] = Rules
    codes = Bundle("codes")
    phone_codes = Bundle("phone_codes")
    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle(self.wechat)
        self.messages: list[tuple[str, float, str]] = []

    @rule(target=codes, person=PEOPLE, appid=APPS)
    def login(self, person: str, appid: str) -> Ticket:
        """Somebody opens a mini program."""
        return self.oracle.login(person, appid)

    @rule(target=codes, person=PEOPLE, appid=APPS, seconds=SPANS)
    def visit(self, person: str, appid: str, seconds: float) -> Ticket:
        """Somebody comes back after a while and is logged in at once."""
        self.oracle.advance(seconds)
        ticket = self.oracle.login(person, appid)
        self.oracle.exchange(ticket)
        return ticket

    @rule(ticket=codes)
    def exchange(self, ticket: Ticket) -> None:
        """A server exchanges a code, fresh or not."""
        self.oracle.exchange(ticket)

    @rule(ticket=codes, appid=APPS)
    def exchange_anywhere(self, ticket: Ticket, appid: str) -> None:
        """A server exchanges a code that may be another app's."""
        self.oracle.exchange(ticket, appid)

    @rule(ticket=codes)
    def busy(self, ticket: Ticket) -> None:
        """WeChat is busy: -1 consumes nothing."""
        self.oracle.exchange_struck(ticket, "errcode")

    @rule(ticket=codes)
    def lost(self, ticket: Ticket) -> None:
        """The answer is lost after the effect: the code is gone."""
        self.oracle.exchange_struck(ticket, "lost")

    @rule(seconds=SPANS)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.oracle.advance(seconds)

    @rule(person=PEOPLE, appid=APPS)
    def check_on_phone(self, person: str, appid: str) -> None:
        """A mini program asks wx.checkSession."""
        self.oracle.check_session_on_phone(person, appid)

    @rule(person=PEOPLE, appid=APPS)
    def check_on_server(self, person: str, appid: str) -> None:
        """A server checks every key it has ever seen, and the current one."""
        key = self.oracle.key(appid, person)
        for value in [*sorted(self.oracle.book.retired)[:2], key.value if key else None]:
            if value is not None:
                self.oracle.check_session_on_server(person, value, appid)

    @rule(person=PEOPLE, appid=APPS)
    def reset(self, person: str, appid: str) -> None:
        """A server resets a key it knows."""
        key = self.oracle.key(appid, person)
        if key is not None and key.value is not None:
            self.oracle.reset_key(person, appid)

    @rule(person=PEOPLE, appid=APPS)
    def rotate_behind(self, person: str, appid: str) -> None:
        """WeChat rotates a key without anybody logging in."""
        self.oracle.rotate(person, appid)

    @rule(target=phone_codes, appid=APPS)
    def tap(self, appid: str) -> Ticket:
        """Ming taps the phone button."""
        ticket, answer = self.oracle.tap_phone("ming", appid)
        if "encryptedData" in answer:
            self.messages.append((answer["encryptedData"], ticket.issued, appid))
        return ticket

    @rule(ticket=phone_codes, appid=APPS, owner=st.sampled_from(["", "ming", "hong"]))
    def exchange_phone(self, ticket: Ticket, appid: str, owner: str) -> None:
        """A server exchanges a phone_code, with or without an openid."""
        openid = self.oracle.world.identities.openid(appid, owner) if owner else ""
        self.oracle.exchange_phone(ticket, appid, openid)

    @precondition(lambda self: self.messages)
    @rule(appid=APPS)
    def vouch(self, appid: str) -> None:
        """A server asks whether the last ciphertext is WeChat's own."""
        sealed, made, owner = self.messages[-1]
        self.oracle.vouch(sealed, made, owner, appid)

    @rule(target=payments, person=PEOPLE, appid=APPS)
    def pay(self, person: str, appid: str) -> object:
        """Somebody pays."""
        return self.oracle.pay(person, appid)

    @rule(paid=payments, person=PEOPLE, appid=APPS)
    def paid_unionid(self, paid: dict[str, object], person: str, appid: str) -> None:
        """A server asks for a payer's unionid."""
        self.oracle.paid_unionid(paid, person, appid)

    @rule(appid=APPS, platform=st.sampled_from(["op1", "op2"]))
    def bind(self, appid: str, platform: str) -> None:
        """An app is bound to an Open Platform account, or moves to another."""
        self.oracle.bind(appid, platform)

    @rule(person=PEOPLE, blocked=st.booleans())
    def block(self, person: str, *, blocked: bool) -> None:
        """A person is rated high-risk, or no longer."""
        self.oracle.block(person, blocked=blocked)

    @rule(appid=APPS)
    def legacy_token(self, appid: str) -> None:
        """A server asks the legacy call."""
        self.oracle.legacy(appid)

    @rule(appid=APPS)
    def forced_token(self, appid: str) -> None:
        """A server forces a new stable token, at most a few a run."""
        self.oracle.stable(appid, force=True)

    @invariant()
    def newest_tokens_work(self) -> None:
        """The last three tokens work, or fail as they should."""
        for token in self.oracle.book.tokens[-3:]:
            if self.oracle.now - token.expires < 86_400:
                self.oracle.use(token)


RUN = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLife = Life.TestCase
TestLife.settings = RUN

FIND = [Phase.generate]  # shrinking would only cost time: any failure will do
CONTROLS = ["CodesCanBeReused", "KeysNeverRotate", "LegacyHasNoGrace", "AnySignatureFits", "StableIsAlwaysNew"]


@pytest.mark.parametrize("name", CONTROLS)
def test_machine_catches_a_broken_rule(name: str) -> None:
    """The machine is no decoration: in a world with a broken rule it fails."""
    rules = next(rules for rules in MUTATIONS if rules.__name__ == name)
    broken = type("BrokenLife", (Life,), {"wechat": rules})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            broken, settings=settings(RUN, max_examples=300, derandomize=True, report_multiple_bugs=False, phases=FIND)
        )
