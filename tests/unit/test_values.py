"""Secrets, ids and WeChat's names."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.values import Secret, new_id, parse_appid, parse_openid, parse_unionid

CANARY = "canary-4fe1"
PARSERS: list[Callable[[str], str]] = [parse_appid, parse_openid, parse_unionid]
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@dataclasses.dataclass
class Holder:
    """Something that holds a secret."""

    key: Secret


def test_no_text_of_a_secret_shows_it() -> None:
    """repr, str, format, f-string, %-formatting, in containers and in dataclasses: hidden."""
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", format(secret, "^30")]
    shown += ["%s %r" % (secret, secret), "{}".format(secret)]  # noqa: UP031, UP032 - each way is meant
    shown += [repr([secret]), repr({secret: secret}), repr(Holder(secret)), ascii(secret)]
    assert not [text for text in shown if CANARY in text]
    assert secret.reveal() == CANARY


def test_a_secret_is_not_copied_into_bytes() -> None:
    """pickle, copy, deepcopy, asdict, json, msgspec and vars refuse."""
    secret = Secret(CANARY)
    refused: list[Callable[[], object]] = [
        *(lambda protocol=protocol: pickle.dumps(secret, protocol) for protocol in range(6)),
        lambda: copy.copy(secret),
        lambda: copy.deepcopy([secret]),
        lambda: dataclasses.asdict(Holder(secret)),
        lambda: json.dumps({"key": secret}),
        lambda: json.dumps({secret: 1}),
        lambda: msgspec.json.encode(secret),
        lambda: msgspec.to_builtins(secret),
        lambda: vars(secret),
        lambda: iter(secret),  # type: ignore[call-overload]  # that it fails is the point
        lambda: len(secret),  # type: ignore[arg-type]  # the same
    ]
    for refuse in refused:
        with pytest.raises(TypeError) as caught:
            refuse()
        assert CANARY not in str(caught.value)


def test_a_secret_in_a_log_or_a_traceback_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    """Logging it, or raising with it, shows nothing."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").debug("key %s %r", Secret(CANARY), Holder(Secret(CANARY)))
    error = ValueError(Secret(CANARY), Holder(Secret(CANARY)))
    logging.getLogger("test").error("failed", exc_info=error)
    shown = "".join(traceback.format_exception(error))
    assert CANARY not in caplog.text + shown


def test_secrets_compare_by_their_text() -> None:
    """Equal texts are equal and hash alike; a plain text is never equal; emptiness can be asked."""
    assert Secret(CANARY) == Secret("canary-" + "4fe1")
    assert hash(Secret(CANARY)) == hash(Secret(CANARY)) != hash(CANARY)
    assert Secret(CANARY) != Secret(CANARY + "\x00")
    assert Secret("é") != Secret("e\u0301")
    assert Secret(CANARY) != CANARY
    assert (bool(Secret("")), bool(Secret("x"))) == (False, True)


def test_appids_are_wx_and_16_lower_case_hex_digits() -> None:
    """Anything else, a trailing newline or a digit of another script included, is refused."""
    good = "wx4f4bc4dec97d474b"
    assert parse_appid(good) == good
    bad = [good + "\n", " " + good, good + " ", good.upper(), good[:-1], good + "0", "wx" + "g" * 16, "", "\n"]
    bad += ["wx" + "４" * 16, "wx" + "٤" * 16, "gh4f4bc4dec97d474b", good + "\x00", "ｗx4f4bc4dec97d474b"]
    for text in bad:
        with pytest.raises(ValueError, match="not an appid"):
            parse_appid(text)


@pytest.mark.parametrize("parse", [parse_openid, parse_unionid])
def test_openids_and_unionids_are_20_to_64_safe_characters(parse: Callable[[str], str]) -> None:
    """What a collation may fold (case apart), trim or normalise is refused before any query."""
    good = "oGZUI0egBJY1zhBYw2KhdUfwVJ_-"
    assert parse(good) == good
    assert [parse("o" * length) for length in (20, 64)] == ["o" * 20, "o" * 64]
    bad = [good + "\n", good + " ", " " + good, good + "\x00", good + "\t", "o" * 19, "o" * 65, "", "é" * 28, "ö" * 28]
    bad += ["１" * 28, "٤" * 28, good + "'", good + "%", good + "\u200b", "o" * 27 + "\u0131", good + "\ud800"]
    for text in bad:
        with pytest.raises(ValueError, match=r"not an? (openid|unionid)"):
            parse(text)


@given(st.text(max_size=70))
def test_what_is_parsed_is_ascii_without_blanks(text: str) -> None:
    """A parser returns its text unchanged or raises ValueError; nothing in between."""
    for parse in PARSERS:
        try:
            found = parse(text)
        except ValueError:
            continue
        assert found == text
        assert re.fullmatch(r"[\x21-\x7e]+", text)


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.binary(min_size=10, max_size=10), st.binary(min_size=10))
def test_ids_sort_by_time(first: int, later: int, one: bytes, other: bytes) -> None:
    """An id made a millisecond or more later sorts after, whatever the random bytes."""
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=first)
    assert new_id("acc_", start, one) < new_id("acc_", start + timedelta(milliseconds=later), other)


@given(st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid7_in_30_characters(entropy: bytes) -> None:
    """Prefix and 26 characters of Crockford base32; version 7, RFC 9562 variant, the rest random."""
    found = new_id("ses_", NOW, entropy)
    assert re.fullmatch(r"ses_[0-7][0-9a-hjkmnp-tv-z]{25}", found)
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    number = sum(digits.index(letter) << 5 * place for place, letter in enumerate(reversed(found[4:])))
    assert number >> 80 == int(NOW.timestamp() * 1000)
    assert (number >> 76) & 0xF == 7
    assert (number >> 62) & 0x3 == 2
    assert number & ((1 << 62) - 1) == int.from_bytes(entropy, "big") & ((1 << 62) - 1)
