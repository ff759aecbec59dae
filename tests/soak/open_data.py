"""Open data, at length: 100,000 random triples, and every bit flip of WeChat's sample and of a phone ciphertext."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

from menjin.errors import StaleSessionKey
from menjin.wechat.open_data_kinds import OpenDataKind
from support.random_triples import triples, try_open
from support.sealing import (
    APPID,
    OFFICIAL,
    OPENID,
    PHONE_INFO,
    UNIONID,
    Sealed,
    flips,
    open_sealed,
    seal_payload,
    sealed_of,
)

_LOG = logging.getLogger("soak")
TRIPLES = 100_000
SECONDS_BETWEEN_LINES = 3.0
REFUSALS = frozenset({"OpenDataInvalid", "StaleSessionKey"})


def random_triples(seed: int) -> Iterator[str]:
    """Yield what each random triple came to, at every door."""
    for triple in triples(TRIPLES, seed):
        for outcome in try_open(triple):
            yield outcome if outcome in REFUSALS else f"VIOLATION: {outcome}: {triple}"


def flipped(sealed: Sealed, kind: OpenDataKind) -> Iterator[str]:
    """Yield what each flip came to: refused, without effect, or a violation."""
    for changed in flips(sealed):
        try:
            payload = open_sealed(changed, kind)
        except StaleSessionKey:
            yield "refused"
            continue
        same_person = (payload.get("openId", OPENID), payload.get("unionId", UNIONID)) == (OPENID, UNIONID)
        same_number = kind != "phone" or {**payload, "watermark": None} == {**PHONE_INFO, "watermark": None}
        harmless = same_person and same_number and payload["watermark"]["appid"] == APPID
        yield "without effect" if harmless else f"VIOLATION: {changed.texts()}"


def run(name: str, outcomes: Iterator[str]) -> bool:
    """Count the outcomes, with a line every few seconds; return whether none is a violation."""
    found: Counter[str] = Counter()
    begun = told = time.monotonic()  # noqa: TID251 - a program for people, not the library
    for outcome in outcomes:
        found["VIOLATION" if outcome.startswith("VIOLATION") else outcome] += 1
        if outcome.startswith("VIOLATION"):
            _LOG.info("%s: %s", name, outcome)
        now = time.monotonic()  # noqa: TID251 - as above
        if now - told >= SECONDS_BETWEEN_LINES:
            told = now
            _LOG.info("%s: %d so far, %s", name, found.total(), dict(found))
    _LOG.info("%s: %d in %.1f s, %s", name, found.total(), time.monotonic() - begun, dict(found))  # noqa: TID251 - as above
    return found["VIOLATION"] == 0


def main() -> int:
    """Run everything; 1 if anything was violated."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    phone = seal_payload(PHONE_INFO)
    sample = sealed_of(OFFICIAL)
    parts: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("flips of WeChat's sample", lambda: flipped(sample, "user_info")),
        ("flips of WeChat's sample at the phone door", lambda: flipped(sample, "phone")),
        ("flips of a phone ciphertext", lambda: flipped(phone, "phone")),
        ("random triples, at every door", lambda: random_triples(seed=2026)),
    ]
    failed = [name for name, outcomes in parts if not run(name, outcomes())]
    _LOG.info("open-data: %s", f"FAILED: {failed}" if failed else "ok")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
