"""What wraps a part to break it, or to watch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Over:
    """Passes on whatever it does not break."""

    inner: Any

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)
