"""What people have decided about apps: scopes and the privacy contract.

Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/authorize.html
and .../framework/user-privacy/PrivacyAuthorize.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxsim.models import Grant

if TYPE_CHECKING:
    from wxsim.models import App
    from wxsim.rules import Rules


class Consent:
    """Decisions by app and person; devices share them."""

    def __init__(self, rules: Rules) -> None:
        """Begin with nobody asked."""
        self._rules = rules
        self.grants: dict[str, Grant] = {}

    def grant(self, appid: str, person: str) -> Grant:
        """Return the decisions of a person about an app."""
        return self.grants.setdefault(f"{appid}/{person}", Grant())

    def forget(self, appid: str, person: str) -> None:
        """Forget all decisions: the person has deleted the mini program."""
        self.grants.pop(f"{appid}/{person}", None)

    def declared(self, app: App, now: float) -> list[str]:
        """Return the data types whose declaration is in force."""
        delay = self._rules.settings.privacy_declaration_delay
        return [kind for kind, at in app.declared.items() if not at or now - at >= delay]

    def needs_privacy(self, app: App, person: str, now: float) -> bool:
        """Say whether something is declared that the person has not agreed to."""
        agreed = self.grant(app.appid, person).agreed
        return any(kind not in agreed for kind in self.declared(app, now))

    def agree(self, app: App, person: str, now: float) -> None:
        """Record that the person agrees to the privacy contract as it stands."""
        grant = self.grant(app.appid, person)
        grant.agreed = self.declared(app, now)
        grant.refused_at = None

    def refuse(self, app: App, person: str, now: float) -> None:
        """Record that the person refuses the privacy contract."""
        self.grant(app.appid, person).refused_at = now

    def refusal_is_fresh(self, app: App, person: str, now: float) -> bool:
        """Say whether the person has refused so lately that nobody asks again."""
        at = self.grant(app.appid, person).refused_at
        return at is not None and self._rules.privacy_refusal_is_fresh(at, now)
