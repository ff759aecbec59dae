"""The state of one world: everybody and everything in it, without any door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.clock import Clock
from wxsim.codes import Codes
from wxsim.consent import Consent
from wxsim.dice import Dice
from wxsim.faults import Faults
from wxsim.identities import Identities
from wxsim.journal import Journal
from wxsim.models import App, Device, Person, PhoneNumber, Profile
from wxsim.open_messages import OpenMessages
from wxsim.payments import Payments
from wxsim.phone_ledger import PhoneLedger
from wxsim.quotas import Quotas
from wxsim.rules import Rules
from wxsim.session_keys import SessionKeys
from wxsim.settings import Settings
from wxsim.tokens import Tokens
from wxsim.user_keys import UserKeys

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_APPID = "wxde30000000000001"
FIRST_SECRET = "01" * 16
FIRST_PHONE = PhoneNumber("13800138000")


class Unknown(LookupError):
    """Somebody or something was named that is not in this world.

    Attributes:
        kind: ``person`` or ``app``.
        name: the name that was given.
    """

    def __init__(self, kind: str, name: str) -> None:
        """Say which ``kind`` of thing is unknown by which ``name``."""
        self.kind = kind
        self.name = name
        super().__init__(f"no {kind} called {name!r} in this world")


class State:
    """All stores of one world around one clock, one seed and one set of rules."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        rules: Callable[[Settings], Rules] = Rules,
    ) -> None:
        """Make a world with its first app and its first two people.

        Args:
            settings: WeChat's behaviour; the real one when left out.
            clock: the clock to live by; the machine's time when left out.
            seed: equal seeds and equal calls make equal codes, keys and openids.
            rules: makes the decisions; replace it to break a rule on purpose.
        """
        self.clock = clock or Clock()
        self.rules = rules(settings or Settings())
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Empty the world and put the first app and people back into it."""
        dice, rules = Dice(seed), self.rules
        self.dice = dice
        self.people: dict[str, Person] = {}
        self._numbers: dict[PhoneNumber, str] = {}
        self.apps: dict[str, App] = {}
        self.identities = Identities(dice)
        self.codes = Codes(dice, rules)
        self.session_keys = SessionKeys(dice, rules)
        self.tokens = Tokens(dice, rules)
        self.quotas = Quotas(rules)
        self.consent = Consent(rules)
        self.payments = Payments(dice)
        self.phone_ledger = PhoneLedger(rules)
        self.open_messages = OpenMessages(dice, rules)
        self.user_keys = UserKeys(dice, rules)
        self.faults = Faults(dice)
        self.journal = Journal(rules.settings.journal_size)
        self.add_app(App(FIRST_APPID, FIRST_SECRET))
        self.add_person("ming", FIRST_PHONE, Profile("小明"))
        self.add_person("hong", None, Profile("小红"))

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.rules.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.rules.settings = settings
        self.codes.limit(settings.dead_codes_kept)
        self.journal.resize(settings.journal_size)

    def add_app(self, app: App) -> App:
        """Add an app, or replace the one with the same appid."""
        self.apps[app.appid] = app
        return app

    def add_person(self, name: str, phone: PhoneNumber | None = None, profile: Profile | None = None) -> Person:
        """Add a person, or replace the one of the same name."""
        person = Person(name, profile=profile or Profile(name))
        self.people[name] = person
        self.set_phone(person, phone)
        return person

    def set_phone(self, person: Person, phone: PhoneNumber | None) -> None:
        """Give a person a number, or none; whoever had the number loses it."""
        if phone is not None:
            former = self.people.get(self._numbers.get(phone, ""))
            if former is not None and former.phone == phone:
                former.phone = None
            self._numbers[phone] = person.name
        person.phone = phone

    def restore_people(self, people: dict[str, Person]) -> None:
        """Take back the people of a saved world."""
        self.people = people
        self._numbers = {person.phone: name for name, person in people.items() if person.phone is not None}

    def person(self, name: str) -> Person:
        """Return a person by name.

        Raises:
            Unknown: there is nobody of that name.
        """
        found = self.people.get(name)
        if found is None:
            raise Unknown("person", name)
        return found

    def app(self, appid: str) -> App:
        """Return an app by appid.

        Raises:
            Unknown: there is no such app.
        """
        found = self.apps.get(appid)
        if found is None:
            raise Unknown("app", appid)
        return found

    def login_code(self, appid: str, person: str, now: float) -> str:
        """Make a login_code; this is where the session_key may rotate."""
        key = self.session_keys.at_login(appid, person, now)
        return self.codes.issue("login", appid, person, now, key.value)

    def device(self, person: Person, name: str) -> Device:
        """Return a person's device; a new name is a new device."""
        found = person.devices.get(name)
        if found is None:
            found = person.devices[name] = Device(name)
        return found

    def unionid(self, app: App, person: str) -> str | None:
        """Return the person's unionid as this app may see it."""
        if not self.rules.unionid_shown(app):
            return None
        return self.identities.unionid(app.open_platform, person)

    def owner(self, app: App, openid: str) -> str | None:
        """Return the name of the person with this openid in this app."""
        found = self.identities.person(app.appid, openid, self.people)
        return found if found in self.people else None
