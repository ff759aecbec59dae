"""The sections `[limits]` and `[gateway]` of the configuration."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator

from menjin.limits.addresses import TrustedProxies, parse_proxies
from menjin.limits.model import NO_LIMITS, Figures, Rate, UpstreamFigures
from menjin.service.section import Section


class RateSection(Section):
    """One limit: so many (0: no limit) in so many seconds."""

    most: int = Field(ge=0, le=10**9)
    seconds: int = Field(ge=1, le=86400)


def _rate(default: Rate) -> Any:  # noqa: ANN401 - what pydantic's Field gives
    section = RateSection(most=default.most, seconds=int(default.window.total_seconds()))
    return Field(default=section)


_FIGURES, _UPSTREAM = Figures(), UpstreamFigures()


class LimitsSection(Section):
    """`[limits]`: how much one caller may try, and what goes out to WeChat; docs/operations/limits.md."""

    enabled: bool = True
    sign_ins_per_address: RateSection = _rate(_FIGURES.sign_ins_per_address)
    bad_codes_per_address: RateSection = _rate(_FIGURES.bad_codes_per_address)
    sign_ins_per_openid: RateSection = _rate(_FIGURES.sign_ins_per_openid)
    passwords_per_name_and_openid: RateSection = _rate(_FIGURES.passwords_per_name_and_openid)
    passwords_per_openid: RateSection = _rate(_FIGURES.passwords_per_openid)
    passwords_per_name: RateSection = _rate(_FIGURES.passwords_per_name)
    phone_codes_per_openid: RateSection = _rate(_FIGURES.phone_codes_per_openid)
    phone_bindings_per_openid: RateSection = _rate(_FIGURES.phone_bindings_per_openid)
    payments_per_openid: RateSection = _rate(_FIGURES.payments_per_openid)
    rotations_per_openid: RateSection = _rate(_FIGURES.rotations_per_openid)
    wechat_calls_per_app: int = Field(default=_UPSTREAM.per_app, ge=1, le=1000)
    wechat_calls_in_total: int = Field(default=_UPSTREAM.in_total, ge=1, le=1000)
    codes_at_once_per_address: int = Field(default=_UPSTREAM.codes_per_address, ge=1, le=1000)
    codes_at_once_in_total: int = Field(default=_UPSTREAM.codes_in_total, ge=1, le=1000)
    codes_waiting_in_total: int = Field(default=_UPSTREAM.codes_waiting, ge=1, le=5000)
    breaker_failures: int = Field(default=_UPSTREAM.failures, ge=1, le=1000)
    breaker_within_seconds: int = Field(default=10, ge=1, le=3600)
    breaker_hold_seconds: int = Field(default=5, ge=1, le=60)
    day_quota_probe_seconds: int = Field(default=300, ge=1, le=3600)

    def to_figures(self) -> Figures:
        """Return how much one caller may try."""
        if not self.enabled:
            return NO_LIMITS
        sections = {one.name: getattr(self, one.name) for one in fields(Figures)}
        return Figures(**{name: Rate(one.most, timedelta(seconds=one.seconds)) for name, one in sections.items()})

    def to_upstream(self) -> UpstreamFigures:
        """Return what goes out to WeChat."""
        return UpstreamFigures(
            per_app=self.wechat_calls_per_app,
            in_total=self.wechat_calls_in_total,
            codes_per_address=self.codes_at_once_per_address,
            codes_in_total=self.codes_at_once_in_total,
            codes_waiting=self.codes_waiting_in_total,
            failures=self.breaker_failures,
            within=timedelta(seconds=self.breaker_within_seconds),
            hold=timedelta(seconds=self.breaker_hold_seconds),
            day_probe_every=timedelta(seconds=self.day_quota_probe_seconds),
        )


class GatewaySection(Section):
    """`[gateway]`: the proxies in front, as addresses, networks or `unix`; only their X-Forwarded-For is believed.

    `wechat_cloud`: those of them that are WeChat's own gateway (云托管), whose X-WX-* headers are believed too.
    """

    trusted_proxies: list[str] = Field(default_factory=list)
    wechat_cloud: list[str] = Field(default_factory=list)

    @field_validator("trusted_proxies", "wechat_cloud")
    @classmethod
    def _are_networks(cls, texts: list[str]) -> list[str]:
        parse_proxies(texts)
        return texts

    def to_proxies(self) -> TrustedProxies:
        """Return them."""
        return parse_proxies(self.trusted_proxies)

    def to_wechat_cloud(self) -> TrustedProxies:
        """Return WeChat's own gateways."""
        return parse_proxies(self.wechat_cloud)
