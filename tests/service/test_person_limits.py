"""What one live session may ask for, over HTTP: 429 in the contract's words, and the session lives on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from menjin import NO_LIMITS, Rate
from support.serving import serve_menjin

ONCE = Rate(1, timedelta(minutes=1))


def test_a_person_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    """Rotations, payments and bindings without a code: the second is 429 with Retry-After, and the token is good."""
    figures = replace(NO_LIMITS, rotations_per_openid=ONCE, payments_per_openid=ONCE, phone_bindings_per_openid=ONCE)
    with serve_menjin(tmp_path, figures=figures) as service:
        service.world.bind_open_platform("one")
        client = service.signed_in()
        asked: list[tuple[str, object, int]] = [
            ("/v1/session/rotate", None, 200),
            ("/v1/unionid/paid", {"transaction_id": "1"}, 409),
            ("/v1/binding", {"method": "phone"}, 403),
        ]
        for path, body, first in asked:
            answer = client.call("POST", path, body)
            assert answer.status_code == first, answer.text
            client.token = answer.json().get("session_token", client.token)
            refused = client.call("POST", path, body)
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
            assert 1 <= int(refused.headers["Retry-After"]) == refused.json()["retry_after"] <= 61
        assert client.who().status_code == 200
