"""What an installation is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.ports import NoObserver, TokenObserver
from menjin.accounts.directory import Directory
from menjin.adapters.counters import MemoryCounters
from menjin.apps import Apps
from menjin.assembly.stores import Stores
from menjin.clients.model import ServiceClient
from menjin.clock import Clock, Pause, Randomness, Stopwatch, SystemClock, SystemRandomness, SystemStopwatch
from menjin.limits.model import Figures, UpstreamFigures
from menjin.limits.store import Counters
from menjin.login.events import Event, Listener
from menjin.values import Secret
from menjin.wechat.client import WECHAT
from menjin.wechat.ports import HttpPort


class Deaf:
    """A listener that takes no note."""

    def hear(self, event: Event) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an installation is made of.

    Attributes:
        base_url: WeChat's host, or a simulator's.
        wechat_deadline: For a whole call to WeChat.
        figures: How much one caller may try.
        upstream: What goes out to WeChat.
        counters: Where attempts are counted; by default in this process.
        counters_key: Hashes the counters' names; processes that share counters share it. None: made up.
        service_clients: Those the configuration names, beside those in the store.
        tokens: Times and budgets of the access_token centre.
        token_observer: Takes note of its renewals, for metrics.
        keeps_tokens: Whether a task or thread beside the requests renews them; without it their readers do.
    """

    apps: Apps
    http: HttpPort
    stores: Stores
    pause: Pause
    directory: Directory | None = None
    base_url: str = WECHAT
    wechat_deadline: timedelta = timedelta(seconds=3)
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    listener: Listener = field(default_factory=Deaf)
    figures: Figures = field(default_factory=Figures)
    upstream: UpstreamFigures = field(default_factory=UpstreamFigures)
    counters: Counters = field(default_factory=MemoryCounters)
    counters_key: Secret | None = None
    service_clients: tuple[ServiceClient, ...] = ()
    tokens: TokenFigures = field(default_factory=TokenFigures)
    token_observer: TokenObserver = field(default_factory=NoObserver)
    keeps_tokens: bool = True
    stopwatch: Stopwatch = field(default_factory=SystemStopwatch)


def need_a_loop(parts: Parts) -> tuple[str, ...]:
    """Return the names of the adapters that work only under an event loop."""
    adapters: tuple[object, ...] = (
        parts.http,
        parts.pause,
        parts.counters,
        parts.directory,
        parts.stores.sessions,
        parts.stores.claims,
        parts.stores.keyrings,
        parts.stores.attempts,
        parts.stores.key_checks,
        parts.stores.accounts,
        parts.stores.proofs,
        parts.stores.clients,
        parts.stores.ledger,
        parts.stores.transactions,
        parts.stores.tokens,
    )
    named = {type(adapter).__name__ for adapter in adapters if not getattr(adapter, "works_without_loop", True)}
    return tuple(sorted(named))
