"""The section `[access_tokens]` of the configuration."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from menjin.access_tokens.figures import TokenFigures

_DEFAULT = TokenFigures()


class AccessTokensSection(BaseModel):
    """`[access_tokens]`: times in seconds, budgets in calls; docs/operations/access-tokens.md says what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(default=_DEFAULT.margin.total_seconds(), gt=0, le=300)
    jitter: float = Field(default=_DEFAULT.jitter.total_seconds(), ge=0, le=300)
    second_look: float = Field(default=_DEFAULT.second_look.total_seconds(), gt=0, le=300)
    overlap: float = Field(default=_DEFAULT.overlap.total_seconds(), gt=0, le=300)
    lease: float = Field(default=_DEFAULT.lease.total_seconds(), gt=0, le=300)
    skew: float = Field(default=_DEFAULT.skew.total_seconds(), ge=0, le=300)
    deadline: float = Field(default=_DEFAULT.deadline.total_seconds(), gt=0, le=30)
    cold_wait: float = Field(default=_DEFAULT.cold_wait.total_seconds(), gt=0, le=30)
    look_every: float = Field(default=_DEFAULT.look_every.total_seconds(), gt=0, le=60)
    poll_every: float = Field(default=_DEFAULT.poll_every.total_seconds(), gt=0, le=1)
    force_spacing: float = Field(default=_DEFAULT.force_spacing.total_seconds(), gt=0, le=86400)
    forced_per_day: int = Field(default=_DEFAULT.forced_per_day, ge=1, le=20)
    per_minute: int = Field(default=_DEFAULT.per_minute, ge=1, le=10_000)
    per_day: int = Field(default=_DEFAULT.per_day, ge=1, le=500_000)
    back_off: float = Field(default=_DEFAULT.back_off.total_seconds(), gt=0, le=60)
    back_off_ceiling: float = Field(default=_DEFAULT.back_off_ceiling.total_seconds(), gt=0, le=3600)
    config_back_off: float = Field(default=_DEFAULT.config_back_off.total_seconds(), gt=0, le=3600)
    good_for: float = Field(default=_DEFAULT.good_for.total_seconds(), gt=0, le=300)
    store_down_every: float = Field(default=_DEFAULT.store_down_every.total_seconds(), gt=0, le=3600)

    def to_figures(self) -> TokenFigures:
        """Return them.

        Raises:
            ConfigurationError: They do not fit together: a dead token could be served.
        """
        given: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(TokenFigures)}
        times = {name: timedelta(seconds=value) for name, value in given.items() if isinstance(value, float)}
        return TokenFigures(**{**given, **times})
