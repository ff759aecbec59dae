"""Random keys, ivs and ciphertexts: a scaled run of `scripts/soak open-data`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from menjin.errors import OpenDataInvalid, StaleSessionKey
from menjin.values import Secret
from menjin.wechat.opendata import Ciphertext, open_ciphertext, parse_ciphertext
from menjin.wechat.raw_data import open_raw_data
from support.random_triples import KINDS, Triple, tally, triples, try_open
from support.sealing import BLOCK, KEY, Sealed, expect, seal_blocks


def test_random_triples_meet_two_refusals_only() -> None:
    """3,000 triples at every door: OpenDataInvalid or StaleSessionKey, bare, and nothing opens."""
    found = tally(3_000, seed=1)
    assert set(found) == {"OpenDataInvalid", "StaleSessionKey"}
    assert found.total() == 3_000 * len(KINDS)
    assert found["StaleSessionKey"] > found["OpenDataInvalid"] > 300 * len(KINDS)


def test_control_the_triples_reach_past_the_padding() -> None:
    """CONTROL: some random plaintexts are well padded, and a reader of the last byte alone reads on in most."""
    unpadded = [plain[-1] for plain in plaintexts(3_000)]
    assert sum(1 <= last <= BLOCK for last in unpadded) > 100
    assert sum(last == 1 for last in unpadded) > 3


def plaintexts(count: int) -> Iterator[bytes]:
    """Yield what the well-formed triples decrypt to."""
    for number, triple in enumerate(triples(count, seed=1)):
        if number % 8 <= 4:
            reader = Cipher(algorithms.AES128(b64decode(triple.key)), modes.CBC(b64decode(triple.iv))).decryptor()
            yield reader.update(b64decode(triple.encrypted_data)) + reader.finalize()


@given(st.text(), st.text(), st.text())
def test_any_text_meets_two_refusals_only(key: str, iv: str, encrypted_data: str) -> None:
    """Any text in any place, lone surrogates and all, is refused in one of the two ways."""
    assert set(try_open(Triple(key, iv, encrypted_data))) <= {"OpenDataInvalid", "StaleSessionKey"}


@given(st.binary(min_size=0, max_size=200))
def test_any_plaintext_meets_one_refusal_only(plaintext: bytes) -> None:
    """Whatever a right key reveals, only StaleSessionKey comes of it."""
    padded = plaintext + bytes(-len(plaintext) % BLOCK) + bytes([BLOCK]) * BLOCK
    try:
        found = open_ciphertext(_parsed(seal_blocks(padded)), Secret(KEY), expect("user_info"))
    except StaleSessionKey:
        return
    raise AssertionError(found)


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_any_raw_data_meets_one_refusal_only(raw_data: str, signature: str) -> None:
    """raw_data and signature of any text, lone surrogates and all: StaleSessionKey."""
    for text in (raw_data, raw_data + "\ud800"):
        try:
            found = open_raw_data(text, signature, Secret(KEY))
        except StaleSessionKey:
            continue
        raise AssertionError(found)


def _parsed(sealed: Sealed) -> Ciphertext:
    return parse_ciphertext(*sealed.texts())


def test_form_is_judged_before_any_key() -> None:
    """Base64 to the letter, iv of 16 bytes, whole blocks, at most 48 KiB: else OpenDataInvalid."""
    data, iv = seal_blocks(bytes(32)).texts()
    parse_ciphertext(data, iv)
    wrong = ["", "=", data[:-1], data + "=", data + "\n", " " + data, data.replace("=", ""), data + data, "é" * 44]
    wrong += [data[:-2] + "/=", "A" * 43 + "_", "-" * 44, "AA==" + data, "\ud800", "A" * 21_848, "AAAA" * 16_385]
    for text in wrong:
        for pair in ((text, iv), (data, text)):
            with pytest.raises(OpenDataInvalid) as caught:
                parse_ciphertext(*pair)
            assert caught.value.args == OpenDataInvalid().args
