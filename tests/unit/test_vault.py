"""The vault: sealed for a place, by a key of the ring, and opened nowhere else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.adapters.vault import AesGcmVault, new_vault_key
from menjin.errors import ConfigurationError
from menjin.values import Secret

K1, K2 = new_vault_key(), new_vault_key()
VAULT = AesGcmVault("k1", {"k1": K1})
PLACE = "keyrings/wx1/o1/current/1"


@given(st.binary(), st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_at_its_place(plaintext: bytes, place: str) -> None:
    """And nowhere else; the sealed text is printable and never the same twice."""
    sealed = VAULT.seal(plaintext, place)
    assert sealed.isascii()
    assert sealed.isprintable()
    assert VAULT.open(sealed, place) == plaintext
    assert VAULT.seal(plaintext, place) != sealed
    with pytest.raises(ValueError, match="not sealed for this place"):
        VAULT.open(sealed, place + "x")


def test_a_swap_between_places_is_refused() -> None:
    """The sealed key of one person, app, slot or number does not open as another's."""
    places = [PLACE, PLACE.replace("o1", "o2"), PLACE.replace("wx1", "wx2"), PLACE.replace("current", "previous")]
    places += [PLACE.replace("/1", "/2"), PLACE.upper(), ""]
    sealed = {place: VAULT.seal(place.encode(), place) for place in places}
    for at in places:
        for origin in places:
            if at == origin:
                assert VAULT.open(sealed[origin], at) == at.encode()
                continue
            with pytest.raises(ValueError, match="not sealed"):
                VAULT.open(sealed[origin], at)


def test_every_changed_byte_is_refused() -> None:
    """Nonce, ciphertext and tag: each bit counts; so does each byte that is missing or too many."""
    name, _, text = VAULT.seal(b"session_key", PLACE).partition(".")
    data = base64.urlsafe_b64decode(text)
    changed = [
        data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :] for at in range(len(data)) for bit in range(8)
    ]
    changed += [data[:length] for length in range(len(data))] + [data + b"\x00", b"\x00" + data]
    for wrong in changed:
        with pytest.raises(ValueError, match=r".+"):
            VAULT.open(f"{name}.{base64.urlsafe_b64encode(wrong).decode()}", PLACE)


@pytest.mark.parametrize("sealed", ["", ".", "k1", "k1.", "k1.!!!!", "k1.é", "k1.AAAA", "k2.AAAA", ".AAAA", "K1.AAAA"])
def test_what_is_not_sealed_text_is_refused(sealed: str) -> None:
    """By ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        VAULT.open(sealed, PLACE)


def test_rotation_keeps_old_texts_readable() -> None:
    """A new active key seals; the old one still opens while it is in the ring, and not afterwards."""
    old = VAULT.seal(b"old", PLACE)
    both = AesGcmVault("k2", {"k1": K1, "k2": K2})
    new = both.seal(b"new", PLACE)
    assert new.startswith("k2.")
    assert (both.open(old, PLACE), both.open(new, PLACE)) == (b"old", b"new")
    later = AesGcmVault("k2", {"k2": K2})
    assert later.open(new, PLACE) == b"new"
    for vault, sealed in ((later, old), (VAULT, new)):
        with pytest.raises(ValueError, match="not in the ring"):
            vault.open(sealed, PLACE)
    with pytest.raises(ValueError, match="not sealed"):
        AesGcmVault("k1", {"k1": K2}).open(old, PLACE)


def test_a_wrong_configuration_lists_every_fault() -> None:
    """Each bad key and id by name, the missing active one too, and no key's text."""
    short = base64.b64encode(bytes(31)).decode()
    keys = {"k1": Secret("canary-not-base64"), "k2": Secret(short), "bad id": K1, "k3": Secret("é" * 44), "ok": K2}
    with pytest.raises(ConfigurationError) as caught:
        AesGcmVault("k9", {**keys, "": K1, "x" * 17: K1, "k4": Secret(""), "k5\n": K1})
    wheres = [fault.where for fault in caught.value.faults]
    assert wheres == [
        *("vault.keys.k1", "vault.keys.k2", "vault.keys.bad id", "vault.keys.k3", "vault.keys."),
        *("vault.keys." + "x" * 17, "vault.keys.k4", "vault.keys.k5\n", "vault.active"),
    ]
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert K1.reveal() not in str(caught.value)
    with pytest.raises(ConfigurationError):
        AesGcmVault("k1", {})
