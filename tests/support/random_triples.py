"""Random (key, iv, ciphertext) as texts: mostly well-formed, some not, each the same again in the next run."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from menjin.errors import MenjinError, OpenDataInvalid, StaleSessionKey
from menjin.values import Secret
from menjin.wechat.open_data_kinds import OpenDataKind
from menjin.wechat.opendata import open_ciphertext, parse_ciphertext
from support.sealing import expect

KINDS: tuple[OpenDataKind, ...] = get_args(OpenDataKind)


@dataclass(frozen=True, slots=True)
class Triple:
    """What a client and a keyring could give."""

    key: str
    iv: str
    encrypted_data: str


def triples(count: int, seed: int) -> Iterator[Triple]:
    """Yield `count` triples; of every eight, three are malformed in one way or another."""
    for number in range(count):
        dice = hashlib.shake_128(f"{seed}/{number}".encode()).digest(16 + 16 + 320)
        blocks = 1 + dice[-1] % 18
        key, iv, data = (_text(part) for part in (dice[:16], dice[16:32], dice[32 : 32 + 16 * blocks]))
        match number % 8:
            case 5:
                data = _text(dice[32 : 32 + 16 * blocks + 1 + dice[-2] % 15])
            case 6:
                iv = dice[16 : 16 + dice[-2] % 40].decode("latin-1")
            case 7:
                key = _text(dice[: dice[-2] % 33])
        yield Triple(key, iv, data)


def try_open(triple: Triple) -> list[str]:
    """Return the name of what each door makes of it; any error but the two of open data is passed on."""
    found = []
    for kind in KINDS:
        try:
            ciphertext = parse_ciphertext(triple.encrypted_data, triple.iv)
            open_ciphertext(ciphertext, Secret(triple.key), expect(kind))
        except (OpenDataInvalid, StaleSessionKey) as refusal:
            found.append(_name(refusal))
        else:
            found.append("opened")
    return found


def tally(count: int, seed: int) -> Counter[str]:
    """Return how often each came of `count` triples."""
    return Counter(outcome for triple in triples(count, seed) for outcome in try_open(triple))


def _name(refusal: MenjinError) -> str:
    """Return the refusal's name; once a key was used, nothing may hang on it that says more."""
    bare = refusal.args == type(refusal)().args and refusal.__cause__ is None
    if isinstance(refusal, StaleSessionKey):
        bare = bare and refusal.__context__ is None
    return type(refusal).__name__ if bare else "a refusal that tells more"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
