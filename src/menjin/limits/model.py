"""The figures: each limit, and what goes out to WeChat."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta

_MINUTE = timedelta(minutes=1)
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in any stretch of time as long as `window`.

    Attributes:
        most: 0 switches the limit off.
    """

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Figures:
    """How much one caller may try.

    Attributes:
        sign_ins_per_address: Sign-in requests of an IPv4 address or IPv6 /64.
        bad_codes_per_address: login_codes WeChat does not know or that were used before, and impossible ones;
            then the address is refused before WeChat is asked.
        sign_ins_per_openid: Logins of one person in one app.
        passwords_per_name_and_openid: Wrong passwords of one person for one username.
        passwords_per_openid: Wrong passwords of one person, whatever the username.
        passwords_per_name: Wrong passwords for one username, whoever tries.
        phone_codes_per_openid: phone_code exchanges of one person; each is paid for.
        phone_bindings_per_openid: Bindings of one person by a number without a phone_code: a ciphertext, the number
            verified before, a bind_ticket. Each may ask WeChat, and asks the directory.
        payments_per_openid: Payments of one person that WeChat is asked about; each costs up to three calls of the
            app's day quota.
        rotations_per_openid: Rotations on request of one person's sessions; each writes.
    """

    sign_ins_per_address: Rate = Rate(600, _MINUTE)
    bad_codes_per_address: Rate = Rate(30, _MINUTE)
    sign_ins_per_openid: Rate = Rate(150, _MINUTE)
    passwords_per_name_and_openid: Rate = Rate(5, _QUARTER)
    passwords_per_openid: Rate = Rate(30, _QUARTER)
    passwords_per_name: Rate = Rate(100, _HOUR)
    phone_codes_per_openid: Rate = Rate(10, _MINUTE)
    phone_bindings_per_openid: Rate = Rate(20, _MINUTE)
    payments_per_openid: Rate = Rate(20, _HOUR)
    rotations_per_openid: Rate = Rate(60, _MINUTE)


@dataclass(frozen=True, slots=True)
class UpstreamFigures:
    """What goes out to WeChat.

    Attributes:
        per_app: Calls of one app at once.
        in_total: Calls of all apps at once.
        codes_per_address: login_codes of one address being served at once; further ones wait for their turn, and
            addresses take turns. It bounds what a flood costs before its first codes are known to be bad.
        codes_in_total: login_codes of all known addresses being served at once.
        codes_waiting: login_codes waiting for their turn: more than can be served while they have patience would only
            grow old. The last of whichever address has most of them waiting is refused.
        codes_patience: How long one waits for its turn.
        failures: So many failed calls of an app in a row, all `within`, stop its calls for `hold`.
        probe_lease: A probe without an outcome for so long is given up for lost.
        day_probe_every: How often one call is let through while WeChat's day quota is used up.
    """

    per_app: int = 50
    in_total: int = 100
    codes_per_address: int = 5
    codes_in_total: int = 20
    codes_waiting: int = 500
    codes_patience: timedelta = timedelta(seconds=3)
    failures: int = 10
    within: timedelta = timedelta(seconds=10)
    hold: timedelta = timedelta(seconds=5)
    probe_lease: timedelta = timedelta(seconds=30)
    day_probe_every: timedelta = timedelta(minutes=5)


NO_LIMITS = Figures(**{one.name: Rate(0, _MINUTE) for one in fields(Figures)})
