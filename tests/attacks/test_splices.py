"""Ciphertexts cut up and put together anew, and ivs of one's choosing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from menjin.errors import StaleSessionKey
from menjin.wechat.open_data_kinds import OpenDataKind
from support.lenient_reader import read_leniently
from support.sealing import (
    APPID,
    BLOCK,
    OFFICIAL,
    OPENID,
    PHONE_INFO,
    UNIONID,
    USER_INFO,
    Sealed,
    open_sealed,
    seal,
    seal_payload,
    sealed_of,
    to_json,
)

SAMPLE = sealed_of(OFFICIAL)
PHONE = seal_payload(PHONE_INFO, iv=b"another iv, here")
OTHER = seal_payload({**USER_INFO, "openId": "o" + "B" * 27, "unionId": "u" + "B" * 27, "nickName": "Other"})
KINDS: tuple[OpenDataKind, ...] = get_args(OpenDataKind)


def rearranged(sealed: Sealed) -> Iterator[Sealed]:
    """Yield the ciphertext with every block dropped, repeated, or swapped with every other, and every cut."""
    blocks = sealed.blocks()
    for one in range(len(blocks)):
        yield Sealed(sealed.iv, b"".join(blocks[:one] + blocks[one + 1 :]) or blocks[one])
        yield Sealed(sealed.iv, b"".join(blocks[: one + 1] + blocks[one:]))
        yield Sealed(blocks[one - 1] if one else sealed.iv, b"".join(blocks[one:]))
        yield Sealed(sealed.iv, b"".join(blocks[: one + 1]))
        for other in range(one):
            mixed = [*blocks]
            mixed[one], mixed[other] = mixed[other], mixed[one]
            yield Sealed(sealed.iv, b"".join(mixed))


def joined(first: Sealed, second: Sealed) -> Iterator[Sealed]:
    """Yield every head of one ciphertext before every tail of the other, under either iv."""
    heads, tails = first.blocks(), second.blocks()
    for head in range(len(heads) + 1):
        for tail in range(len(tails) + 1):
            data = b"".join(heads[:head] + tails[tail:])
            if data:
                yield Sealed(first.iv, data)
                yield Sealed(second.iv, data)


def replaced(sealed: Sealed, donor: Sealed) -> Iterator[Sealed]:
    """Yield the ciphertext with each block replaced by each of another."""
    blocks = sealed.blocks()
    for at in range(len(blocks)):
        for block in donor.blocks():
            yield Sealed(sealed.iv, b"".join([*blocks[:at], block, *blocks[at + 1 :]]))


def splices() -> Iterator[Sealed]:
    """Yield every family of splices."""
    for sealed in (SAMPLE, PHONE, OTHER):
        yield from rearranged(sealed)
    for one, other in ((SAMPLE, PHONE), (PHONE, SAMPLE), (SAMPLE, OTHER), (OTHER, SAMPLE)):
        yield from joined(one, other)
        yield from replaced(one, other)
        yield Sealed(other.iv, one.data)


def test_no_splice_changes_identity_or_number() -> None:
    """Whatever is cut out of, into or across ciphertexts is refused, or says what one of them said."""
    for sealed in splices():
        for kind in KINDS:
            try:
                payload = open_sealed(sealed, kind)
            except StaleSessionKey:
                continue
            assert payload in (USER_INFO, PHONE_INFO)


def test_control_a_lenient_reader_accepts_splices() -> None:
    """CONTROL: a lenient reader takes spliced texts that are none of the originals, with the watermark intact."""
    read = [payload for sealed in splices() if (payload := read_leniently(sealed, appid=APPID))]
    strange = [payload for payload in read if payload not in (USER_INFO, PHONE_INFO)]
    assert any(payload.get("openId") not in {OPENID, "o" + "B" * 27, None} for payload in strange)
    assert any(payload.get("unionId") == UNIONID and payload.get("openId") != OPENID for payload in strange)


def own_start(sealed: Sealed, plaintext: bytes, at: int, start: bytes) -> Sealed:
    """Return the ciphertext from block `at` on, with an iv that makes its first block read `start`."""
    blocks = sealed.blocks()
    before = blocks[at - 1] if at else sealed.iv
    known = plaintext[at * BLOCK : (at + 1) * BLOCK]
    iv = bytes(a ^ b ^ c for a, b, c in zip(before, known, start, strict=True))
    return Sealed(iv, b"".join(blocks[at:]))


STARTS = (b'{"phoneNumber":"', b'{"countryCode":1', b'{"countryCode":"', b'{ "phoneNumber":', b'{"a":0,"phoneN":')


def digit_nicknames() -> Iterator[tuple[Sealed, bytes]]:
    """Yield user info of people whose nickname is a telephone number, at every offset to the blocks."""
    for shift in range(BLOCK):
        payload = {**USER_INFO, "nickName": "x" * shift + "13800138000"}
        plaintext = to_json(payload)
        yield seal(plaintext), plaintext


def test_a_nickname_of_digits_never_becomes_a_phone_number() -> None:
    """With an iv of one's own the first block reads as one likes; the rest still is user info, and is refused."""
    for sealed, plaintext in digit_nicknames():
        for at in range(len(sealed.blocks()) - 1):
            for start in STARTS:
                with pytest.raises(StaleSessionKey):
                    open_sealed(own_start(sealed, plaintext, at, start[:BLOCK]), "phone")


def test_control_a_lenient_reader_takes_a_nickname_for_a_phone_number() -> None:
    """CONTROL: without a schema the forged text holds a phone number, and a watermark of the right app."""
    numbers = set()
    for sealed, plaintext in digit_nicknames():
        for at in range(len(sealed.blocks()) - 1):
            payload = read_leniently(own_start(sealed, plaintext, at, STARTS[0]), appid=APPID)
            numbers.add((payload or {}).get("phoneNumber"))
    assert "13800138000" in numbers


def test_an_openid_of_ones_choosing_is_refused() -> None:
    """An iv that turns the sample's first block into another person's openId opens nothing."""
    plaintext = to_json(USER_INFO)
    for start in (b'{"openId":"oAAAA', b'{"unionId":"oAAA', b'{"openid":"oGZUI'):
        with pytest.raises(StaleSessionKey):
            open_sealed(own_start(seal(plaintext), plaintext, 0, start), "user_info")
    forged = own_start(seal(plaintext), plaintext, 0, b'{"openId":"oAAAA')
    control = read_leniently(forged, appid=APPID)
    assert control is not None
    assert control["openId"] != OPENID
