"""The directory webhook's signature, by the vectors that every receiver can run."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from menjin import Secret
from menjin.adapters.directories.signing import is_signed, read_key, sign

CASES = json.loads((Path(__file__).parents[2] / "vectors/directory_webhook.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_receiver_judges_as_the_vector_says(case: dict[str, Any]) -> None:
    """Good ones are accepted, each kind of bad one is refused."""
    now = datetime.fromtimestamp(case["now"], UTC)
    assert is_signed(read_key(Secret(case["key"])), case["headers"], case["body"].encode(), now) is case["good"]


@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: case["name"])
def test_we_sign_as_the_vector_says(case: dict[str, Any]) -> None:
    """The same id, time, key and body give the same headers."""
    headers = case["headers"]
    key = read_key(Secret(case["key"]))
    made = sign([key], headers["webhook-id"], int(headers["webhook-timestamp"]), case["body"].encode())
    assert made == headers


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!", "whsec_" + "QUFB" * 30])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    """Too short, too long, not base64; and its text is not in the error."""
    with pytest.raises(ValueError, match="base64 of 24 to 64 bytes") as caught:
        read_key(Secret(text))
    assert not text or text not in str(caught.value)


def read_example(language: str) -> str:
    """Return the example in a language, from the page that receivers read."""
    page = (Path(__file__).parents[2] / "docs/directory-webhook.md").read_text("utf-8")
    return page.partition(f"```{language}\n")[2].partition("```")[0]


def test_the_python_example_judges_the_same() -> None:
    """The code that the page gives for receivers passes every vector."""
    for case in CASES:
        names: dict[str, Any] = {}
        exec(read_example("python").replace("time.time()", str(case["now"])), names)  # noqa: S102 - our own page
        assert names["is_from_menjin"](case["key"], case["headers"], case["body"].encode()) is case["good"], case[
            "name"
        ]


def test_the_node_example_judges_the_same() -> None:
    """The same in JavaScript, where there is a Node to run it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    code = read_example("js").replace("Date.now()", "now * 1000") + (
        "let now = 0;\nfor (const one of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {\n"
        "  now = one.now;\n  console.log(isFromMenjin(one.key, one.headers, Buffer.from(one.body)));\n}\n"
    )
    told = subprocess.run(
        [node, "-e", code], input=json.dumps(CASES), capture_output=True, text=True, timeout=30, check=True
    )
    assert [line == "true" for line in told.stdout.split()] == [case["good"] for case in CASES]
