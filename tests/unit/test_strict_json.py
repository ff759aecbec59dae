"""JSON that is read strictly: what it returns, json.loads reads alike; what it refuses, it refuses by ValueError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menjin.strict_json import read_object

BAD = {
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":[{"b":-Infinity}]}',
    "1e999": b'{"a":1e999}',
    "-1e999": b'{"a":[-1e999]}',
    "a million digits": b'{"a":1' + b"0" * 1_000_000 + b"}",
    "5,000 digits": b'{"a":' + b"7" * 5000 + b"}",
    "5,000 digits and a fraction": b'{"a":' + b"7" * 5000 + b".5}",
    "twice": b'{"a":1,"a":1}',
    "twice, one escaped": b'{"a":1,"\\u0061":2}',
    "twice, deep": b'{"x":[{"y":{"a":1,"b":2,"a":3}}]}',
    "twice, deep and escaped": '{"x":{"é":1,"\\u00e9":2}}'.encode(),
    "twice, empty name": b'{"":1,"":2}',
    "lone high surrogate": b'{"a":"\\ud800"}',
    "lone low surrogate": b'{"a":"x\\udc00x"}',
    "surrogates in the wrong order": b'{"a":"\\udc00\\ud800"}',
    "lone surrogate in a name": b'{"\\ud800":1}',
    "lone surrogate, deep": b'{"a":[[{"b":["\\uDFFF"]}]]}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "bad UTF-8": b'{"a":"\xff"}',
    "cut UTF-8": b'{"a":"\xe4\xb8"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "BOM": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "GBK": '{"a":"微信"}'.encode("gbk"),
    "nothing": b"",
    "blanks": b"  \n",
    "list": b"[]",
    "list of objects": b'[{"a":1}]',
    "text": b'"a"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "100,000 closed brackets": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1}//',
    "two objects": b'{"a":1}{"a":1}',
    "trailing NUL": b'{"a":1}\x00',
    "control character": b'{"a":"\n"}',
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "no-break space": '{"a":\u00a01}'.encode(),
    "bad escape": b'{"a":"\\x41"}',
    "bad unicode escape": b'{"a":"\\u00g0"}',
    "cut": b'{"a":',
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_strict_is_refused(case: str) -> None:
    """By ValueError, and by nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says of itself
        read_object(BAD[case])


def test_control_pythons_own_reader_takes_much_of_it() -> None:
    """CONTROL: json.loads reads a good part of what is refused here, or fails otherwise."""
    taken = []
    for case, data in BAD.items():
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            continue
        taken.append(case)
    assert {"NaN", "1e999", "twice", "twice, one escaped", "lone high surrogate", "BOM", "UTF-16", "list"} <= set(taken)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b' {"a" : 1 } \n',
        '{"a":"😀","b":"\\ud83d\\ude00"}'.encode(),
        b'{"a":"\\\\ud800"}',
        b'{"a":{"a":{"a":[1,{"a":2}]}}}',
        b'{"a":1e300,"b":-0.0,"c":12345678901234567890123}',
        b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a":"\\u0000"}',
    ],
)
def test_good_objects_are_read(data: bytes) -> None:
    """As json.loads reads them: pairs of surrogates, the same name in different objects, large numbers."""
    assert read_object(data) == json.loads(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def check(data: bytes) -> None:
    """Read strictly; what comes back is an object that json.loads reads alike and that can be sent on."""
    try:
        found = read_object(data)
    except ValueError:
        return
    assert type(found) is dict
    assert found == json.loads(data)
    assert json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@given(st.dictionaries(st.text(), JSON, max_size=4) | JSON, st.booleans())
def test_whatever_is_returned_json_loads_reads_alike(value: Any, ascii_only: bool) -> None:  # noqa: ANN401, FBT001 - drawn
    """Over all that Python can write as JSON, its own NaN and lone surrogates included."""
    check(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", errors="surrogatepass"))


@given(st.binary())
def test_any_bytes_meet_valueerror_or_an_object(data: bytes) -> None:
    """Any bytes."""
    check(data)


@given(st.text(alphabet='{}[]",:\\u0123aedDEFnulltrue\x00 -.+', max_size=60))
def test_texts_near_json_meet_valueerror_or_an_object(text: str) -> None:
    """Texts made of JSON's own characters."""
    check(text.encode())
    check(b'{"a":' + text.encode() + b"}")
