"""Kept hashes of every scheme, good, bad and greedy."""

from __future__ import annotations

import base64
import hashlib
import re

import bcrypt
import pytest
from argon2 import PasswordHasher

from menjin.adapters.directories.schemes import Schemes, SchemeUnknown
from menjin.clock import SystemRandomness

SCHEMES = Schemes(SystemRandomness())
PASSWORD = "密码 correct horse"
# Django's own: make_password("lètmein", "seasalt", "pbkdf2_sha256") with 100,000 iterations, from its test suite.
DJANGO = "pbkdf2_sha256$100000$seasalt$BNZ6eyaNc8qFTJPjrAq99hSYb73EgAdytAtdBg2Sdcc="


def kept_hashes() -> dict[str, str]:
    """Return the password's hash in each scheme, made by others' code."""
    argon2 = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 10)
    return {
        "argon2id": argon2,
        "django argon2": f"argon2{argon2}",
        "bcrypt": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
        "bcrypt 2y": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$"),
        "pbkdf2": "pbkdf2_sha256$10$salt$" + base64.b64encode(derived).decode(),
        "ours": SCHEMES.hash(PASSWORD.encode()),
    }


@pytest.mark.parametrize("name", kept_hashes())
def test_a_password_is_known_again(name: str) -> None:
    """The right one is right, another is wrong, and so is the empty one."""
    kept = kept_hashes()[name]
    assert SCHEMES.verify(kept, PASSWORD.encode())
    for wrong in ("", PASSWORD + "x", PASSWORD.upper()):
        assert not SCHEMES.verify(kept, wrong.encode())


def test_djangos_own_vector() -> None:
    """A hash that Django made, of its documented password."""
    assert SCHEMES.verify(DJANGO, "lètmein".encode())
    assert not SCHEMES.verify(DJANGO, b"letmein")


def test_ours_is_argon2id_of_todays_advice() -> None:
    """19 MiB, two passes, one lane; the salt is fresh each time."""
    one, other = SCHEMES.hash(b"x"), SCHEMES.hash(b"x")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other


@pytest.mark.parametrize("name", kept_hashes())
def test_a_stand_in_costs_the_same_and_is_nobodys(name: str) -> None:
    """It has the scheme, costs and lengths of another hash, verifies without complaint, and fits no password."""
    kept = kept_hashes()[name].removeprefix("argon2") if name == "django argon2" else kept_hashes()[name]
    stand_in = SCHEMES.like(kept_hashes()[name])
    costs = re.compile(r"^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$|^pbkdf2_sha256\$\d+\$|^\$2[aby]\$\d\d\$")
    assert costs.findall(stand_in) == costs.findall(kept) != []
    assert len(stand_in) == len(kept)
    assert stand_in != kept
    assert not SCHEMES.verify(stand_in, PASSWORD.encode())


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "plain text",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=64,t=99,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "pbkdf2_sha256$99999999$salt$" + "A" * 43 + "=",
        "pbkdf2_sha256$0$salt$" + "A" * 43 + "=",
        "pbkdf2_sha1$10$salt$" + "A" * 27 + "=",
        "$2b$31$" + "a" * 53,
        "$2b$04$short",
    ],
)
def test_what_is_unknown_or_asks_too_much_is_refused(kept: str) -> None:
    """At once, and its text is not in the error."""
    with pytest.raises(SchemeUnknown) as caught:
        SCHEMES.verify(kept, b"x")
    assert not kept or kept not in str(caught.value)


def test_bcrypt_looks_at_72_bytes() -> None:
    """As every system that wrote such hashes did: a longer password is no error."""
    long = "密" * 40
    kept = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    assert SCHEMES.verify(kept, long.encode())
