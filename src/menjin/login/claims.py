"""One exchange a login_code, whoever presents it and how often; and the answer again for whoever asked first.

A code is claimed before WeChat is asked. A second presenter is told `login_code_used`, unless it shows the
Idempotency-Key of the first: then it waits for the answer and gets the same one, for a minute. The answer is
sealed under a key made of the Idempotency-Key and the login_code; the store sees neither.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from menjin.clock import Clock, Pause, Randomness
from menjin.errors import LoginCodeUsed, TimedOut
from menjin.values import Secret

CLAIM_KEPT = timedelta(minutes=10)
ANSWER_KEPT = timedelta(seconds=60)
_WAIT = timedelta(milliseconds=50)
_WAIT_AT_MOST = 80
_WAIT_AT_MOST_WITH_PHONE = 160  # WeChat is asked for a number too
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """What a store knows of a code.

    Attributes:
        is_keyed: Whether the first presenter came with an Idempotency-Key, so that there will be an answer.
        sealed: The answer, sealed; None while it is being made; empty if it failed.
        answer_until: When the answer is forgotten.
    """

    is_keyed: bool
    sealed: str | None = None
    answer_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a login came to, as its first presenter was told.

    Attributes:
        is_new: Whether it made the account.
        phone_error: The code of the error that its phone_code met, if any.
    """

    session_token: Secret
    is_new: bool
    phone_error: str | None = None


class _Written(msgspec.Struct, frozen=True, omit_defaults=True):
    session_token: str
    is_new: bool
    phone_error: str | None = None


class ClaimStore(Protocol):
    """Keeps claims by the hash of app and code. Every method raises StoreUnavailable when it cannot be asked."""

    async def claim(self, code_hash: str, now: datetime, until: datetime, *, is_keyed: bool) -> bool:
        """Claim a code; False if it is claimed already. Claims past their `until` do not count."""
        ...

    async def find(self, code_hash: str) -> Claim | None:
        """Return what is known of a code."""
        ...

    async def put_answer(self, code_hash: str, sealed: str, until: datetime) -> None:
        """Keep the answer of a claimed code."""
        ...

    async def release(self, code_hash: str) -> None:
        """Give a claim back: the code was not spent."""
        ...

    async def purge_claims(self, now: datetime) -> int:
        """Forget claims past their `until`; return how many."""
        ...


class Claims:
    """The claims on login codes."""

    def __init__(self, store: ClaimStore, clock: Clock, randomness: Randomness, pause: Pause) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._pause = pause
        self._in_hand: set[str] = set()
        self._looked_for: set[str] = set()
        self._answered: dict[str, Claim] = {}
        self._waiting: Counter[str] = Counter()

    async def take(self, appid: str, login_code: str, *, is_keyed: bool) -> bool:
        """Claim a code; False if somebody presented it before. Whoever gets True calls `let_go` in the end.

        Whoever comes while this process has the code in hand is told so without asking the store: a thousand
        at once would keep the first one's own work waiting there until it gave up, with the code spent.
        """
        code_hash = _hash(appid, login_code)
        if code_hash in self._in_hand:
            return False
        self._in_hand.add(code_hash)
        claimed = False
        try:
            now = self._clock.now()
            claimed = await self._store.claim(code_hash, now, now + CLAIM_KEPT, is_keyed=is_keyed)
        finally:
            if not claimed:
                self._in_hand.discard(code_hash)
        return claimed

    def let_go(self, appid: str, login_code: str) -> None:
        """Say that this process is done with a code it claimed, whatever came of it."""
        self._in_hand.discard(_hash(appid, login_code))

    async def release(self, appid: str, login_code: str) -> None:
        """Give the claim back: WeChat said that it did not consume the code, or does not know it."""
        await self._store.release(_hash(appid, login_code))

    async def keep_answer(self, appid: str, login_code: str, idempotency_key: Secret, answer: Answer) -> None:
        """Keep the answer for a minute, readable only with the Idempotency-Key and the code."""
        plaintext = msgspec.json.encode(_Written(answer.session_token.reveal(), answer.is_new, answer.phone_error))
        nonce = self._randomness.random_bytes(_NONCE_BYTES)
        sealed = AESGCM(_derive(idempotency_key, login_code)).encrypt(nonce, plaintext, appid.encode())
        text = base64.b64encode(nonce + sealed).decode()
        await self._store.put_answer(_hash(appid, login_code), text, self._clock.now() + ANSWER_KEPT)

    async def note_failure(self, appid: str, login_code: str) -> None:
        """Say that there will be no answer; the code is spent all the same."""
        await self._store.put_answer(_hash(appid, login_code), "", self._clock.now())

    async def purge(self) -> int:
        """Forget claims that no code can meet any more; return how many."""
        return await self._store.purge_claims(self._clock.now())

    async def wait_for_answer(
        self, appid: str, login_code: str, idempotency_key: Secret, *, with_phone: bool = False
    ) -> Answer:
        """Return the first presenter's answer.

        Args:
            appid: Where.
            login_code: Which.
            idempotency_key: As the first presenter showed it.
            with_phone: Whether a phone_code came along, which takes longer.

        Raises:
            LoginCodeUsed: The first presenter had another key or none, failed, or its answer is forgotten.
            TimedOut: It is still at it.
        """
        code_hash = _hash(appid, login_code)
        self._waiting[code_hash] += 1
        try:
            return self._open(appid, login_code, idempotency_key, await self._wait(code_hash, with_phone=with_phone))
        finally:
            self._waiting[code_hash] -= 1
            if not self._waiting[code_hash]:
                del self._waiting[code_hash]
                self._answered.pop(code_hash, None)

    async def _wait(self, code_hash: str, *, with_phone: bool) -> Claim:
        for _ in range(_WAIT_AT_MOST_WITH_PHONE if with_phone else _WAIT_AT_MOST):
            found = self._answered.get(code_hash)
            if found is None and code_hash not in self._in_hand and code_hash not in self._looked_for:
                found = await self._look(code_hash)
                if found is None or not found.is_keyed:
                    raise LoginCodeUsed
            if found is not None and found.sealed is not None:
                return found
            await self._pause.pause(_WAIT)
        raise TimedOut

    async def _look(self, code_hash: str) -> Claim | None:
        """Return what the store knows; one look a code at a time, and the answer is for all who wait just now."""
        self._looked_for.add(code_hash)
        try:
            found = await self._store.find(code_hash)
        finally:
            self._looked_for.discard(code_hash)
        if found is not None and found.sealed is not None:
            self._answered[code_hash] = found
        return found

    def _open(self, appid: str, login_code: str, key: Secret, found: Claim) -> Answer:
        if found.answer_until is None or self._clock.now() >= found.answer_until or not found.sealed:
            raise LoginCodeUsed
        data = base64.b64decode(found.sealed)
        try:
            cipher = AESGCM(_derive(key, login_code))
            plaintext = cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], appid.encode())
        except InvalidTag:
            raise LoginCodeUsed from None
        written = msgspec.json.decode(plaintext, type=_Written)
        return Answer(Secret(written.session_token), written.is_new, written.phone_error)


def _hash(appid: str, login_code: str) -> str:
    return hashlib.sha256(f"{appid}/{login_code}".encode()).hexdigest()


def _derive(idempotency_key: Secret, login_code: str) -> bytes:
    material = f"{idempotency_key.reveal()}/{login_code}".encode("utf-8", "surrogatepass")
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"menjin sign-in answer").derive(material)
