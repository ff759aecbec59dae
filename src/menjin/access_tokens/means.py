"""What the centre works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.ports import NoObserver, Once, TokenObserver
from menjin.access_tokens.store import TokenStore
from menjin.clock import Clock, Pause, Randomness, Stopwatch
from menjin.wechat.token_calls import TokenCalls


@dataclass(frozen=True, slots=True)
class Means:
    """Ports and figures.

    Attributes:
        calls: Asks WeChat.
        store: What the processes share.
        once: In this process's colour, as is `pause`.
        observer: Takes note for metrics.
    """

    calls: TokenCalls
    store: TokenStore
    once: Once
    clock: Clock
    stopwatch: Stopwatch
    randomness: Randomness
    pause: Pause
    figures: TokenFigures = field(default_factory=TokenFigures)
    observer: TokenObserver = field(default_factory=NoObserver)
