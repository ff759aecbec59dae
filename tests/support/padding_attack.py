"""A padding-oracle attacker (Vaudenay): recovers what a block decrypts to, and forges a ciphertext from that.

It knows nothing but the answers. Whatever differs from the usual answer to nonsense is a hint.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

BLOCK = 16
_AT_ONCE = 8
_PROBES = 24


class BudgetSpentError(Exception):
    """The attacker may ask no more."""


@dataclass
class Attacker:
    """Asks, and draws conclusions.

    Attributes:
        ask: Presents (data, iv, which of the slots at once) and returns everything that was seen of the answer.
        most: How many questions it may ask.
        asked: How many it has.
        seen: The answers, each with its count.
        recovered: How many bytes it believes to have recovered.
    """

    ask: Callable[[bytes, bytes, int], Awaitable[Hashable]]
    most: int
    asked: int = 0
    seen: Counter[Hashable] = field(default_factory=Counter)
    recovered: int = 0
    usual: Hashable = None

    async def learn(self) -> None:
        """Ask about nonsense, and take the usual answer for "bad padding"."""
        for _ in range(_PROBES):
            await self._look(secrets.token_bytes(2 * BLOCK), 0)
        self.usual = self.seen.most_common(1)[0][0]

    async def open_block(self, block: bytes) -> bytes | None:
        """Return what AES makes of a block, before CBC's XOR; None if the answers say nothing."""
        found = bytearray(BLOCK)
        for at in reversed(range(BLOCK)):
            guess = await self._open_byte(block, found, at)
            if guess is None:
                return None
            found[at] = guess ^ (BLOCK - at)
            self.recovered += 1
        return bytes(found)

    async def forge(self, plaintext: bytes) -> tuple[bytes, bytes] | None:
        """Return ciphertext and iv of a plaintext of one's choosing; None if the answers say nothing."""
        count = BLOCK - len(plaintext) % BLOCK
        padded = plaintext + bytes([count]) * count
        blocks = [secrets.token_bytes(BLOCK)]
        for start in range(len(padded) - BLOCK, -1, -BLOCK):
            opened = await self.open_block(blocks[0])
            if opened is None:
                return None
            wanted = padded[start : start + BLOCK]
            blocks.insert(0, bytes(one ^ other for one, other in zip(opened, wanted, strict=True)))
        return b"".join(blocks[1:]), blocks[0]

    async def _open_byte(self, block: bytes, found: bytearray, at: int) -> int | None:
        """Return the byte that gives the block good padding at `at`."""
        count = BLOCK - at
        tail = bytes(found[place] ^ count for place in range(at + 1, BLOCK))
        guesses = list(range(256))
        for start in range(0, 256, _AT_ONCE):
            batch = guesses[start : start + _AT_ONCE]
            head = secrets.token_bytes(at)
            looks = (self._look(head + bytes([guess]) + tail + block, slot) for slot, guess in enumerate(batch))
            for guess, answer in zip(batch, await asyncio.gather(*looks), strict=True):
                if answer != self.usual and await self._holds(guess, tail, block, at):
                    return guess
        return None

    async def _holds(self, guess: int, tail: bytes, block: bytes, at: int) -> bool:
        """Whether the hint stays with other bytes before it: else the padding was longer by chance."""
        again = secrets.token_bytes(at) + bytes([guess]) + tail + block
        return await self._look(again, 0) != self.usual

    async def _look(self, data: bytes, slot: int) -> Hashable:
        if self.asked >= self.most:
            raise BudgetSpentError
        self.asked += 1
        answer = await self.ask(data, secrets.token_bytes(BLOCK), slot)
        self.seen[answer] += 1
        return answer
