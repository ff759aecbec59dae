"""Quotas, request ids and the network check."""

from __future__ import annotations

from wxsim import FIRST_APPID, FIRST_SECRET, Request, Settings, World

SECOND = "wxde30000000000002"


def test_quotas(world: World) -> None:
    """A day's count is shown, runs out with 45009, and is cleared ten times a month."""
    world.settings = Settings(api_per_day=3, clear_quota_per_month=2)
    token, path = world.access_token(), "/cgi-bin/get_api_domain_ip"
    for _ in range(3):
        assert "ip_list" in world.get(path, access_token=token)
    assert world.get(path, access_token=token)["errcode"] == 45009
    shown = world.post("/cgi-bin/openapi/quota/get", {"cgi_path": path}, access_token=token)
    assert shown["quota"] == {"daily_limit": 3, "used": 4, "remain": 0}
    clear = {"appid": FIRST_APPID, "appsecret": FIRST_SECRET}
    assert world.post("/cgi-bin/clear_quota", clear, access_token=token)["errcode"] == 0
    assert "ip_list" in world.get(path, access_token=token)
    assert world.handle(Request("POST", "/cgi-bin/clear_quota/v2", clear)).json()["errcode"] == 0
    assert world.post("/cgi-bin/clear_quota/v2", clear)["errcode"] == 48006
    world.clock.advance(31 * 86_400)
    assert world.post("/cgi-bin/clear_quota/v2", clear)["errcode"] == 0


def test_quota_of_one_path(world: World) -> None:
    """One path is cleared by itself; sns paths and unknown ones are refused."""
    token, path = world.access_token(), "/cgi-bin/get_api_domain_ip"
    world.get(path, access_token=token)
    url = "/cgi-bin/openapi/quota/clear"
    assert world.post(url, {"cgi_path": path}, access_token=token)["errcode"] == 0
    assert world.quotas.today(FIRST_APPID, path, world.clock.now()) == 0
    assert world.post(url, {"cgi_path": "/x"}, access_token=token)["errcode"] == 76021
    sns = {"cgi_path": "/sns/jscode2session"}
    assert world.post(url, sns, access_token=token)["errcode"] == 76022
    assert world.post("/cgi-bin/clear_quota", {"appid": SECOND}, access_token=token)["errcode"] == 40013


def test_rid(world: World) -> None:
    """A request id can be looked up; bad, unknown, foreign and old ones are refused."""
    token = world.access_token()

    def look(rid: str) -> dict[str, object]:
        body = {"rid": rid}
        answer: dict[str, object] = world.post("/cgi-bin/openapi/rid/get", body, access_token=world.access_token())
        return answer

    refused = world.post("/cgi-bin/clear_quota", {"appid": "x"}, access_token=token)
    rid = refused["errmsg"].rsplit(" ", 1)[1]
    found = look(rid)["request"]
    assert isinstance(found, dict)
    assert found["invoke_time"] == int(rid[:8], 16) == int(world.clock.now())
    assert "40013" in found["response_body"]
    assert look("x")["errcode"] == 76002
    assert look("0" * 8 + "-" + "0" * 8 + "-" + "0" * 8)["errcode"] == 76001
    sns = world.get("/sns/jscode2session", appid=FIRST_APPID)["errmsg"].rsplit(" ", 1)[1]
    assert look(sns)["errcode"] == 76022
    foreign = world.post("/cgi-bin/clear_quota", {"appid": "x"}, access_token="")["errmsg"].rsplit(" ", 1)[1]
    assert look(foreign)["errcode"] == 76003
    world.clock.advance(7 * 86_400 + 1)
    assert look(rid)["errcode"] == 76004


def test_callback_check(world: World) -> None:
    """The network check answers for the actions and operators there are."""
    token = world.access_token()
    assert {"dns", "ping"} <= set(world.post("/cgi-bin/callback/check", {"action": "all"}, access_token=token))
    assert world.post("/cgi-bin/callback/check", {"action": "x"}, access_token=token)["errcode"] == 40097
    body = {"action": "dns", "check_operator": "x"}
    assert world.post("/cgi-bin/callback/check", body, access_token=token)["errcode"] == 40097
