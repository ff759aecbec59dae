"""A machine of people, apps, numbers and crashes: after each step the facts hold, and none that was told is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from menjin import NO_LIMITS, AesGcmVault, App, Database, open_engine, sql_stores
from menjin.accounts.binding import BindDecision, Holder, Join, Shown, bind_phone
from menjin.accounts.model import Account
from menjin.apps import PhoneMatch
from menjin.bridge import drive
from menjin.errors import BindingConflict, MenjinError, SessionInvalid, StoreUnavailable
from menjin.values import OpenId
from support.benches import Bench, Kind, open_bench
from support.crashing import Crash, make_crashing
from support.doors import MEMBERS, VAULT_KEY
from support.town import ABROAD, DESK, SHOP, Person, Town, build_town, openid_of

APPS = (SHOP, replace(DESK, phone_match="bind"), ABROAD)
PEOPLE = ("ann", "bob", "cai")
NUMBERS = ("13800138000", "13900139000")
DAY = 86_400
VAULT = AesGcmVault("k1", {"k1": VAULT_KEY})
people, apps = st.sampled_from(PEOPLE), st.sampled_from(APPS)
numbers, members = st.sampled_from(NUMBERS), st.sampled_from(sorted(MEMBERS))
crashes = st.one_of(st.just(0), st.just(0), st.integers(1, 40))


@dataclass(frozen=True)
class Fact:
    """What the library keeps of an identity: its account, with number and external_id."""

    account_id: str | None
    phone: str | None
    external_id: str | None


class Machine(RuleBasedStateMachine):
    """Three people, three apps in two realms, two numbers, two members of the directory."""

    rule_for_phones = staticmethod(bind_phone)
    bench: Bench

    @initialize()
    def begin(self) -> None:
        """Build a town whose apps WeChat knows to be bound to no Open Platform account yet."""
        self.bench.wipe()
        self.crash = Crash()
        stores = make_crashing(sql_stores(Database(open_engine(str(self.bench.url))), VAULT), self.crash)
        self.town: Town = build_town("sync", "sqlite", Path(), APPS, platforms=False, stores=stores, figures=NO_LIMITS)
        self.town.door._menjin._deeds.bind._accounts.bindings._decide_phone = self.rule_for_phones
        self.sessions: dict[tuple[str, str], list[Person]] = {}
        self.facts = {(name, app.appid): Fact(None, None, None) for name in PEOPLE for app in APPS}
        self.used: dict[str, float] = {}
        self.now = 0.0

    def teardown(self) -> None:
        """Give everything back."""
        if hasattr(self, "town"):
            self.town.door.close()

    @rule(name=people, app=apps, crash=crashes)
    def sign_in(self, name: str, app: App, crash: int) -> None:
        """Log in. Whoever has an account keeps it; who gets one gets a new one, or their own person's."""
        person, before = Person(self.town, name, app), self.read()
        with self.crashing(crash) as done:
            person.sign_in()
        after = self.read()
        self.only(before, after, name, app)
        old, new = before[name, app.appid], after[name, app.appid]
        if old.account_id is not None:
            assert new.account_id == old.account_id
        elif new.account_id is not None:
            assert self.owners(before, new.account_id) <= {name}
            assert new == Fact(new.account_id, None, None) or self.owners(before, new.account_id) == {name}
        if done:
            self.sessions.setdefault((name, app.appid), []).append(person)
            if new.account_id is not None:
                self.used[new.account_id] = self.now
            assert app.sign_in == "bound" or new.account_id is not None

    @rule(name=people, app=apps, number=numbers, crash=crashes)
    def sign_in_by_phone(self, name: str, app: App, number: str, crash: int) -> None:
        """Log in with one's number, maybe just bought: as a login and a binding, or a login alone."""
        person = self.town.person(name, app, number)
        before, loser = self.read(), self.holder(number, app)
        phone_error: str | None = None
        with self.crashing(crash) as done:
            phone_error = person.sign_in_by_phone().phone_error
        after = self.read()
        new = self.check_number((before, after), name, app, loser)
        if done:
            self.sessions.setdefault((name, app.appid), []).append(person)
            if new.account_id is not None:
                self.used[new.account_id] = self.now
            assert phone_error is not None or new.phone == number

    @rule(name=people, app=apps, member=members, crash=crashes, follow=st.booleans())
    def bind_by_password(self, name: str, app: App, member: str, crash: int, follow: bool) -> None:  # noqa: FBT001 - drawn
        """Bind to a member; after a conflict maybe go on by the ticket. Who gets in has the member's id then."""
        person, before = self.session(name, app), self.read()
        with self.crashing(crash) as done:
            self.bind(person, member, follow=follow)
        after = self.read()
        self.only(before, after, name, app, also=before[name, app.appid].account_id)
        new = after[name, app.appid]
        if new != before[name, app.appid]:
            assert new.external_id == member
        if done:
            assert person.do("authenticate").account.external_id == new.external_id == member

    @rule(name=people, app=apps, number=numbers, crash=crashes, follow=st.booleans())
    def bind_by_phone(self, name: str, app: App, number: str, crash: int, follow: bool) -> None:  # noqa: FBT001 - drawn
        """Show one's number, maybe just bought. It changes one's own account alone, and never leads to another's."""
        person = self.session(name, app)
        self.town.person(name, number=number)
        before, loser = self.read(), self.holder(number, app)
        with self.crashing(crash) as done:
            self.show_number(person, follow=follow)
        after = self.read()
        new = self.check_number((before, after), name, app, loser)
        if done:
            assert new.phone == number

    @rule(name=people, app=apps, crash=crashes)
    def unbind(self, name: str, app: App, crash: int) -> None:
        """Part. Somebody can reach the account still, and no session of the identity speaks for it."""
        person, before = self.session(name, app), self.read()
        with self.crashing(crash) as done:
            person.do("unbind")
        after = self.read()
        self.only(before, after, name, app)
        left = before[name, app.appid]
        if done:
            assert after[name, app.appid].account_id is None
            assert left.external_id is not None or self.owners(after, left.account_id)

    @rule(app=apps, platform=st.sampled_from(["one", "elsewhere", ""]))
    def bind_app(self, app: App, platform: str) -> None:
        """Bind an app to an Open Platform account late, move it to another, or unbind it."""
        self.town.wechat.platforms.pop(app.appid, None)
        if platform:
            self.town.wechat.platforms[app.appid] = platform

    @rule(length=st.sampled_from([700, 8 * DAY, 91 * DAY]))
    def wait(self, length: int) -> None:
        """Let time pass: past a fresh proof, past a session, past ninety days."""
        self.town.clock.advance(seconds=length)
        self.now += length

    @precondition(lambda self: hasattr(self, "town"))
    @invariant()
    def facts_agree(self) -> None:
        """Unique keys hold, nothing dangles, no account is beyond everybody's reach, each session tells the truth."""
        facts = self.read()
        for (name, appid), sessions in self.sessions.items():
            for person in list(sessions):
                try:
                    found = person.do("authenticate").account
                except SessionInvalid:
                    sessions.remove(person)
                    continue
                fact = facts[name, appid]
                assert (found.id if found is not None else None) == fact.account_id
                if found is not None:
                    assert found.external_id == fact.external_id
                    assert (found.phone_masked is None) == (fact.phone is None)
        for query in (*ORPHANS, *DOUBLES):
            assert self.query(query) == [], query

    def holder(self, number: str, app: App) -> Fact | None:
        """Return who of this realm has a number."""
        facts = self.read()
        here = [facts[name, one.appid] for name in PEOPLE for one in APPS if one.realm == app.realm]
        return next((fact for fact in here if fact.phone == number), None)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        engine = self.town.parts.stores.ping.__self__._engine  # type: ignore[attr-defined] # the database's
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def read(self) -> dict[tuple[str, str], Fact]:
        """Return every identity's fact as the store has it."""

        async def look(name: str, app: App) -> Fact:
            async with self.town.parts.stores.accounts.transaction() as work:
                identity = await work.find_identity(app.appid, OpenId(openid_of(name, app)))
                if identity is None or identity.account_id is None:
                    return Fact(None, None, None)
                account = await work.find_account(identity.account_id)
                assert account is not None
                phone = account.phone.national_number if account.phone is not None else None
                return Fact(account.account_id, phone, account.external_id)

        return {(name, app.appid): drive(look(name, app)) for name in PEOPLE for app in APPS}

    def only(
        self,
        before: dict[tuple[str, str], Fact],
        after: dict[tuple[str, str], Fact],
        name: str,
        app: App,
        *,
        also: str | None = None,
    ) -> None:
        """See that nobody else's facts changed, but for those who share an account with this identity."""
        shared = {before[name, app.appid].account_id, after[name, app.appid].account_id, also} - {None}
        for key, fact in before.items():
            if key != (name, app.appid) and fact.account_id not in shared:
                assert after[key] == fact, (key, fact, after[key])
            elif key != (name, app.appid):
                assert after[key].account_id == fact.account_id

    def check_number(
        self,
        facts: tuple[dict[tuple[str, str], Fact], dict[tuple[str, str], Fact]],
        name: str,
        app: App,
        loser: Fact | None,
    ) -> Fact:
        """A number shown changes its bearer's own account alone, and leads to nobody else's; return what is so now."""
        before, after = facts
        old, new = before[name, app.appid], after[name, app.appid]
        self.only(before, after, name, app, also=loser.account_id if loser is not None else None)
        if old.account_id is not None:
            assert new.account_id == old.account_id
        elif new.account_id is not None:
            assert self.owners(before, new.account_id) <= {name}
        if loser is not None and loser.account_id not in {new.account_id, None}:
            self.check_loser(before, after, loser, app)
        return new

    def check_loser(
        self, before: dict[tuple[str, str], Fact], after: dict[tuple[str, str], Fact], loser: Fact, app: App
    ) -> None:
        """Only an account of this realm that nobody used for ninety days loses its number, and nothing else."""
        for key, fact in before.items():
            if fact.account_id != loser.account_id:
                continue
            assert after[key].external_id == fact.external_id
            if after[key].phone != fact.phone:
                assert next(one.realm for one in APPS if one.appid == key[1]) == app.realm
                assert self.now - self.used.get(loser.account_id or "", 0.0) > 90 * DAY - 2 * DAY

    def owners(self, facts: dict[tuple[str, str], Fact], account_id: str | None) -> set[str]:
        """Return whose identities lead to an account."""
        return {name for (name, _), fact in facts.items() if fact.account_id == account_id is not None}

    def session(self, name: str, app: App) -> Person:
        """Return a live session of somebody, logged in anew if there is none."""
        for person in self.sessions.get((name, app.appid), []):
            with contextlib.suppress(SessionInvalid):
                person.do("authenticate")
                return person
        self.sign_in(name, app, 0)
        return self.sessions[name, app.appid][-1]

    def bind(self, person: Person, member: str, *, follow: bool) -> object:
        """Bind by password; after a conflict maybe by its ticket."""
        try:
            return person.do("bind_by_password", member, MEMBERS[member])
        except BindingConflict as conflict:
            if not follow or conflict.bind_ticket is None:
                raise
            ticket = conflict.bind_ticket.reveal()
        return person.do("bind_by_password", member, MEMBERS[member], bind_ticket=ticket)

    def show_number(self, person: Person, *, follow: bool) -> object:
        """Bind by phone; after a conflict maybe say yes."""
        try:
            return person.bind_phone()
        except BindingConflict as conflict:
            if not follow or conflict.bind_ticket is None or "confirm" not in conflict.choices:
                raise
            ticket = conflict.bind_ticket.reveal()
        return person.do("bind_by_phone", bind_ticket=ticket)

    @contextlib.contextmanager
    def crashing(self, crash: int) -> Iterator[list[bool]]:
        """Let the deed inside fail at a step, or just after its commit; the list is empty if nobody was told."""
        done = [True]
        self.crash.steps, self.crash.after_commit = crash if crash < 40 else 0, crash == 40
        try:
            yield done
        except (MenjinError, StoreUnavailable):
            done.clear()
        finally:
            self.crash.disarm()


ORPHANS = (
    """SELECT openid FROM identities i WHERE account_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = i.account_id)""",
    "SELECT unionid FROM unionids u WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = u.account_id)",
    """SELECT account_id FROM accounts a WHERE external_id IS NULL AND successor_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.account_id = a.account_id)""",
    "SELECT account_id FROM accounts WHERE (phone_index IS NULL) != (phone_sealed IS NULL)",
)
DOUBLES = (
    "SELECT appid FROM identities GROUP BY appid, openid HAVING count(*) > 1",
    "SELECT unionid FROM unionids GROUP BY realm, open_platform, unionid HAVING count(*) > 1",
    "SELECT realm FROM accounts WHERE phone_index IS NOT NULL GROUP BY realm, phone_index HAVING count(*) > 1",
    "SELECT realm FROM accounts WHERE external_id IS NOT NULL GROUP BY realm, external_id HAVING count(*) > 1",
)
RUN = settings(
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


# In a server a step costs more; what a database does otherwise with a crash shows in few stories.
EXAMPLES: dict[Kind, int] = {"sqlite-sync": 20, "postgres-sync": 6, "mariadb-sync": 6}


@pytest.fixture(params=[pytest.param(kind, marks=[pytest.mark.servers] * (kind != "sqlite-sync")) for kind in EXAMPLES])
def machine_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A database of each kind; the machine empties it before each story."""
    bench = open_bench(request.param, tmp_path, request.getfixturevalue)
    yield bench
    bench.close()


def run(machine: type[Machine], bench: Bench) -> None:
    """Run a machine on a database."""
    on_bench = type(machine.__name__, (machine,), {"bench": bench})
    run_state_machine_as_test(on_bench, settings=settings(RUN, max_examples=EXAMPLES[bench.kind]))


def test_the_machine_finds_nothing(machine_bench: Bench) -> None:
    """Stories of twenty-five steps, a third of which crash inside: twenty on SQLite, six on each server."""
    run(Machine, machine_bench)


def trusting(
    own: Account | None, holder: Holder | None, shown: Shown, policy: PhoneMatch, *, is_same_number: bool = False
) -> BindDecision:
    """BROKEN: whoever has the number has the account."""
    if holder is not None and holder.account is not None:
        return Join(holder.account)
    return bind_phone(own, holder, shown, policy, is_same_number=is_same_number)


class Trusting(Machine):
    """The same town, where a number is taken for the person."""

    rule_for_phones = staticmethod(trusting)


def test_control_the_machine_finds_a_rule_that_trusts_numbers(machine_bench: Bench) -> None:
    """CONTROL: it ends up in an account that another person's WeChat identity leads to."""
    with pytest.raises(AssertionError):
        run(Trusting, machine_bench)
