"""Whom a fault strikes, how often, and how it is put in force."""

from __future__ import annotations

from wxsim import FAULT_NAMES, FIRST_APPID, FIRST_SECRET, Fault, Request, Response, World

SNS = "/sns/jscode2session"


def exchange(world: World, person: str = "ming") -> Response:
    """Log in and exchange the code, raw."""
    query = {"appid": FIRST_APPID, "secret": FIRST_SECRET, "grant_type": "authorization_code"}
    code = world.phone(person).login()["code"]
    return world.handle(Request("GET", SNS, {**query, "js_code": code}))


def test_whom_a_fault_strikes(world: World) -> None:
    """A fault strikes one person, one app, one path, and no other."""
    world.fault(Fault(name="errcode", person="hong", path="/sns/*", times=None))
    assert "openid" in exchange(world).json()
    assert exchange(world, "hong").json()["errcode"] == -1
    world.faults.remove()
    world.fault(Fault(name="errcode", appid="wx0000000000000000", times=None))
    assert "openid" in exchange(world).json()
    world.fault(Fault(name="errcode", path="/cgi-bin/*", appid=FIRST_APPID))
    body = {"grant_type": "client_credential", "appid": FIRST_APPID, "secret": FIRST_SECRET}
    assert world.post("/cgi-bin/stable_token", body)["errcode"] == -1
    assert "access_token" in world.post("/cgi-bin/stable_token", body)


def test_a_fault_about_a_person_reaches_server_calls(world: World) -> None:
    """A call about a person is known by openid or phone_code too."""
    openid = world.identities.openid(FIRST_APPID, "ming")
    code = world.phone("ming").getPhoneNumber(tap=True)["code"]
    token = world.access_token()
    world.fault(Fault(name="errcode", person="ming", times=2))
    assert world.get("/wxa/checksession", access_token=token, openid=openid)["errcode"] == -1
    answer = world.post("/wxa/business/getuserphonenumber", {"code": code}, access_token=token)
    assert answer["errcode"] == -1


def test_a_count_and_a_share(world: World) -> None:
    """``times`` strikes so many calls, ``share`` about that share, the same every time."""
    world.fault(Fault(name="errcode", path="/sns/*", times=2))
    assert [exchange(world).json().get("errcode") for _ in range(3)] == [-1, -1, None]

    def pattern() -> list[bool]:
        fresh = World()
        fresh.fault(Fault(name="errcode", path="/sns/*", times=None, share=0.3))
        return ["errcode" in exchange(fresh).json() for _ in range(90)]

    assert pattern() == pattern()
    assert 10 < sum(pattern()) < 50


def test_the_phone_can_fail(world: World) -> None:
    """A fault on the phone side is a fail object with reason and errno."""
    world.fault(Fault(name="fail", path="/_wx/*/login", reason="time out", errno=5))
    assert world.phone("ming").login() == {"errMsg": "login:fail time out", "errno": 5}
    world.fault(Fault(name="fail", path="/_wx/*"))
    assert world.phone("nobody").login()["errMsg"] == "login:fail internal error"


def test_faults_over_control(world: World) -> None:
    """Faults are put, listed and taken away under /_sim."""
    made = world.handle(Request.to("POST", "/_sim/faults", {"name": "html", "times": None})).json()
    listed = world.handle(Request("GET", "/_sim/faults")).json()
    assert [fault["id"] for fault in listed["faults"]] == [made["id"]]
    assert listed["names"] == list(FAULT_NAMES)
    world.handle(Request("DELETE", f"/_sim/faults/{made['id']}"))
    assert world.faults.active == []
