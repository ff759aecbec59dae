"""Figures for Prometheus. No label holds a token, a secret or a person: appids, names of clients, words of ours.

With several workers each keeps its counts in a file of a common folder, and whichever is asked adds them up.
prometheus_client decides on that when it is first imported; see `serving.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from menjin.access_tokens.model import Renewal, ReportOutcome, TokenStatus
from menjin.values import AppId

_WAITS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)


class Metrics:
    """Counts what the centre does; also its observer.

    Args:
        folder: Where several workers keep their counts; None: there is one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        self._renewals = self._counter("renewals", "Attempts to renew.", "appid", "mode", "cause", "outcome")
        self._reads = self._counter("reads", "Hand-outs to service clients.", "appid", "client")
        self._reports = self._counter("reports", "Reports of refused tokens.", "appid", "client", "outcome")
        self._waits = Histogram(
            "menjin_access_token_wait_seconds",
            "How long readers without any good token waited.",
            ("appid", "served"),
            registry=self._registry,
            buckets=_WAITS,
        )
        self._took = Histogram(
            "menjin_access_token_renewal_seconds",
            "How long an attempt to renew took.",
            ("appid",),
            registry=self._registry,
            buckets=_WAITS,
        )

    def renewed(self, renewal: Renewal) -> None:
        """An attempt to renew is over."""
        self._renewals.labels(renewal.appid, renewal.mode, renewal.cause, renewal.outcome).inc()
        self._took.labels(renewal.appid).observe(renewal.took.total_seconds())

    def waited(self, appid: AppId, length: timedelta, *, served: bool) -> None:
        """A reader without any good token waited, and was served or was not."""
        self._waits.labels(appid, "yes" if served else "no").observe(length.total_seconds())

    def count_read(self, client: str, appid: AppId) -> None:
        """A service client was given a token."""
        self._reads.labels(appid, client).inc()

    def count_report(self, client: str, appid: AppId, outcome: ReportOutcome) -> None:
        """A service client reported one."""
        self._reports.labels(appid, client, outcome.value).inc()

    def render(self, statuses: Iterable[TokenStatus], now: datetime) -> bytes:
        """Return everything in Prometheus's text format.

        Args:
            statuses: Where each app's token stands; none while the store is down.
            now: The moment.
        """
        counts = self._registry
        if self._folder is not None:
            counts = CollectorRegistry()
            MultiProcessCollector(counts, path=str(self._folder))  # type: ignore[no-untyped-call] # the library's
        present = CollectorRegistry()
        present.register(_Present(tuple(statuses), now))
        return generate_latest(counts) + generate_latest(present)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"menjin_access_token_{name}", documentation, labels, registry=self._registry)


class _Present(Collector):
    """What is so at this moment, the same whichever worker is asked."""

    def __init__(self, statuses: tuple[TokenStatus, ...], now: datetime) -> None:
        self._statuses = statuses
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        age = _gauge("age_seconds", "Since WeChat was asked for the token in use.")
        remaining = _gauge("remaining_seconds", "Until the token in use ends; 0 if there is none.")
        calls = _gauge("calls_today", "Calls for a token this Beijing day.")
        forced = _gauge("forced_today", "Tokens replaced by force_refresh this Beijing day.")
        failures = _gauge("failures", "Calls for a token that failed in a row.")
        for status in self._statuses:
            labels = [status.appid]
            if status.obtained_at is not None:
                age.add_metric(labels, (self._now - status.obtained_at).total_seconds())
            left = status.expires_at - self._now if status.expires_at is not None else timedelta(0)
            remaining.add_metric(labels, max(left.total_seconds(), 0))
            calls.add_metric(labels, status.calls_today)
            forced.add_metric(labels, status.forced_today)
            failures.add_metric(labels, status.failures)
        yield from (age, remaining, calls, forced, failures)


def _gauge(name: str, documentation: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"menjin_access_token_{name}", documentation, labels=("appid",))
