"""The request_id of an audit line is the one of the answer and of the log."""

from __future__ import annotations

import sqlite3

from support.serving import APPID, Service


def test_a_line_carries_the_request_id_of_its_request(service: Service) -> None:
    """The caller's own X-Request-Id where it sent one, else the one the answer names; two requests have two."""
    client = service.client()
    body = {"appid": APPID, "login_code": service.code()}
    signed_in = client.http.post("/v1/sessions", json=body, headers={"X-Request-Id": "caller-0001"})
    client.token = signed_in.json()["session_token"]
    signed_out = client.call("DELETE", "/v1/session")
    with sqlite3.connect(service.database) as connection:
        rows = connection.execute("SELECT deed, request_id FROM audit_lines ORDER BY number").fetchall()
    connection.close()
    assert rows == [("signed_in", "caller-0001"), ("session_revoked", signed_out.headers["X-Request-Id"])]
