"""What every section of the configuration is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of menjin.toml: a name it does not know is a mistake, not a setting that does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
