"""wx.request by way of the simulator: what goes out, what comes back, and whom it may reach."""

from __future__ import annotations

import base64
import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Literal

import pytest

from support.mirror_server import MirrorServer, mirror_server
from wxsim import FIRST_APPID, Fault, Request, World, serve
from wxsim.outing import Outing
from wxsim.phone.request import allowed

REFUSED = {"errMsg": "request:fail url not in domain list", "errno": 600002}


def net(code: int, name: str) -> dict[str, object]:
    """Return WeChat's fail object for a broken transport."""
    return {"errMsg": f"request:fail errcode:{code} cronet_error_code:{code} error_msg:net::{name}", "errno": 600001}


@pytest.fixture
def mirror() -> Iterator[MirrorServer]:
    """A server that shows what reached it."""
    with mirror_server() as server:
        yield server


@pytest.fixture
def open_world(world: World, mirror: MirrorServer) -> World:
    """A world whose first app may reach that server, and a port where nobody listens."""
    world.app(FIRST_APPID).domains = [mirror.url, "http://127.0.0.1:1"]
    return world


def test_a_request_goes_out_as_wechat_sends_it(open_world: World, mirror: MirrorServer) -> None:
    """Data become a query or a body, the runtime sets Referer and Host, any status is success."""
    phone = open_world.phone("ming")
    got = phone.request(url=f"{mirror.url}/a b?x=1#z", data={"a": "ü +", "b": {"c": 1}, "n": None})
    assert got["errMsg"] == "request:ok"
    assert (got["statusCode"], got["cookies"]) == (201, ["a=1"])
    assert got["data"]["path"] == "/a%20b?x=1&a=%C3%BC%20%2B&b=%7B%22c%22%3A1%7D&n=null"
    header = {"Referer": "https://evil.example", "hOsT": "evil.example", "X-Number": 3, "X-Flag": True}
    sent = phone.request(url=f"{mirror.url}/p", method="post", data={"a": "ü"}, header=header)["data"]
    fields = {name.lower(): value for name, value in sent["headers"]}
    assert (sent["method"], sent["body"]) == ("POST", '{"a":"ü"}')
    assert fields["referer"] == f"https://servicewechat.com/{FIRST_APPID}/1/page-frame.html"
    assert fields["host"] == mirror.url.removeprefix("http://")
    assert (fields["x-number"], fields["x-flag"]) == ("3", "[object Boolean]")
    assert fields["content-type"] == "application/json"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert phone.request(url=mirror.url, method="PUT", data={"a": "1 2"}, header=form)["data"]["body"] == "a=1%202"


@pytest.mark.parametrize(
    ("env", "platform", "version"),
    [("release", "ios", "7"), ("trial", "ios", "0"), ("develop", "android", "0"), ("release", "devtools", "devtools")],
)
def test_referer_names_the_version(
    open_world: World,
    mirror: MirrorServer,
    env: Literal["develop", "trial", "release"],
    platform: str,
    version: str,
) -> None:
    """0 stands for every version that is no release; the developer tools name themselves."""
    app = open_world.app(FIRST_APPID)
    app.release, app.env = 7, env
    url = f"/_wx/{FIRST_APPID}/ming/request?platform={platform}"
    got = open_world.handle(Request.to("POST", url, {"url": mirror.url})).json()
    assert ["Referer", f"https://servicewechat.com/{FIRST_APPID}/{version}/page-frame.html"] in got["data"]["headers"]


def test_bytes_travel_as_base64(open_world: World, mirror: MirrorServer) -> None:
    """``dataBase64`` goes out as it is and comes back so; what is no base64 is said."""
    phone = open_world.phone("ming")
    data = base64.b64encode(b"\x00raw").decode()
    got = phone.uploadFile(url=mirror.url, dataBase64=data, header={"content-type": "x/y"}, responseType="base64")
    assert got["errMsg"] == "uploadFile:ok"
    sent = json.loads(base64.b64decode(got["dataBase64"]))
    assert (sent["method"], sent["body"]) == ("POST", "\x00raw")
    assert phone.downloadFile(url=mirror.url)["errMsg"] == "downloadFile:ok"
    assert phone.request(url=mirror.url, method="POST", dataBase64="?")["errno"] == 600010


def test_answers_are_unpacked_and_bounded(open_world: World, mirror: MirrorServer) -> None:
    """Gzip is undone; a bomb and rubbish are failures, not memory."""
    phone = open_world.phone("ming")
    assert phone.request(url=f"{mirror.url}/gzip")["data"] == {"packed": True}
    assert phone.request(url=f"{mirror.url}/bomb") == net(-2, "ERR_FAILED")
    assert phone.request(url=f"{mirror.url}/torn") == net(-330, "ERR_CONTENT_DECODING_FAILED")


def test_failures_have_wechats_form(open_world: World, mirror: MirrorServer) -> None:
    """Refused, cut short, too slow, badly addressed, with a method there is not, without a network."""
    phone = open_world.phone("ming")
    assert phone.request(url="http://127.0.0.1:1/") == net(-102, "ERR_CONNECTION_REFUSED")
    assert phone.request(url=f"{mirror.url}/cut") == net(-354, "ERR_CONTENT_LENGTH_MISMATCH")
    assert phone.request(url=f"{mirror.url}/hang", timeout=50) == {"errMsg": "request:fail timeout", "errno": 5}
    for url in ("", "ftp://x", "http://", "http://a:b@127.0.0.1/", "http://127.0.0.1:99999/"):
        assert phone.request(url=url) == {"errMsg": f'request:fail invalid url "{url}"', "errno": 600009}
    assert phone.request(url=mirror.url, method="PATCH") == {"errMsg": "request:fail invalid method", "errno": 1001}
    open_world.change_person("ming", devices={"d1": {"network": "none"}})
    assert phone.request(url=mirror.url) == net(-106, "ERR_INTERNET_DISCONNECTED")
    open_world.change_person("ming", devices={"d1": {"network": "weak"}})
    assert phone.request(url=mirror.url) == {"errMsg": "request:fail timeout", "errno": 5}


def test_only_the_apps_domains_are_reached(open_world: World, mirror: MirrorServer) -> None:
    """Nothing else is, neither directly nor by a redirect; an app without domains reaches nobody."""
    phone = open_world.phone("ming")
    other = mirror.url.replace("127.0.0.1", "localhost")
    assert phone.request(url=f"{mirror.url}/to/{mirror.url}/there")["data"]["path"] == "/there"
    assert phone.request(url=f"{mirror.url}/to/{other}/there") == REFUSED
    assert phone.request(url=f"{mirror.url}/to/{other}/there", redirect="manual")["statusCode"] == 302
    assert phone.request(url=other) == REFUSED
    open_world.app(FIRST_APPID).domains = []
    assert phone.request(url=mirror.url) == REFUSED
    assert phone.checkDomain(url=mirror.url)["allowed"] is False


def test_control_an_outing_that_does_not_ask_follows_anywhere(mirror: MirrorServer) -> None:
    """The check of each redirect is what stops it: without it the redirect is followed."""
    other = mirror.url.replace("127.0.0.1", "localhost")
    careless = Outing(f"{mirror.url}/to/{other}/there", "GET", {}, b"", 5.0, follows=True, may_go=lambda _: True)
    assert json.loads(careless.run().body)["path"] == "/there"


@pytest.mark.parametrize(
    ("domain", "url", "reached"),
    [
        ("api.example.com", "https://api.example.com/x", True),
        ("api.example.com", "https://API.Example.com/x", True),
        ("api.example.com", "http://api.example.com/x", False),
        ("api.example.com", "https://api.example.com:443/x", False),
        ("api.example.com", "https://api.example.com:8443/x", False),
        ("api.example.com:8443", "https://api.example.com:8443/x", True),
        ("example.com", "https://api.example.com/x", False),
        ("api.example.com", "https://api.example.com.evil.example/x", False),
        ("api.example.com", "https://api.example.com@evil.example/x", False),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700/x", True),
        ("http://127.0.0.1:8700/", "http://127.0.0.1:8700", True),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8701/", False),
        ("api.example.com", "https://[", False),
    ],
)
def test_a_domain_matches_to_the_port(world: World, domain: str, url: str, *, reached: bool) -> None:
    """Scheme, host and port match exactly; a parent domain is no wildcard."""
    world.app(FIRST_APPID).domains = [domain]
    assert allowed(world.app(FIRST_APPID), url) is reached


def test_a_page_of_another_site_sends_nothing(open_world: World, mirror: MirrorServer) -> None:
    """A browser says where a request comes from; one from another site does not go out. Control: from here it does."""
    url = f"/_wx/{FIRST_APPID}/ming/request"
    body = json.dumps({"url": mirror.url}).encode()
    foreign = Request("POST", url, headers={"sec-fetch-site": "cross-site"}, body=body)
    assert (open_world.handle(foreign).status, open_world.handle(foreign).json()["code"]) == (403, "cross_site")
    own = Request("POST", url, headers={"sec-fetch-site": "same-origin"}, body=body)
    assert open_world.handle(own).json()["statusCode"] == 201


def test_requests_stand_in_the_journal_and_faults_strike_them(open_world: World, mirror: MirrorServer) -> None:
    """A request is one entry with what came back; faults before and after it work as for every call."""
    phone = open_world.phone("ming")
    phone.request(url=mirror.url)
    entry = open_world.journal.entries[-1].readable()
    assert (entry["path"], entry["door"]) == (f"/_wx/{FIRST_APPID}/ming/request", "phone")
    assert isinstance(entry["answer"], dict)
    assert entry["answer"]["statusCode"] == 201
    open_world.fault(Fault(name="fail", path="/_wx/*/request", reason="interrupted", errno=600003))
    assert phone.request(url=mirror.url) == {"errMsg": "request:fail interrupted", "errno": 600003}
    open_world.fault(Fault(name="broken_json", path="/_wx/*/request"))
    broken = open_world.handle(Request.to("POST", f"/_wx/{FIRST_APPID}/ming/request", {"url": mirror.url}))
    with pytest.raises(ValueError, match="truncated"):
        broken.json()
    assert open_world.journal.entries[-1].fault == "broken_json"


def test_a_slow_server_holds_up_nobody_else(open_world: World, mirror: MirrorServer) -> None:
    """While one phone waits for a server that never answers, the others are served."""
    with serve(open_world) as served:

        def post(api: str, options: dict[str, object]) -> dict[str, object]:
            url = f"{served.url}/_wx/{FIRST_APPID}/ming/{api}"
            request = urllib.request.Request(url, json.dumps(options).encode())  # noqa: S310 - the loopback
            with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310 - the loopback
                answer: dict[str, object] = json.load(reply)
                return answer

        waiting = threading.Thread(target=post, args=("request", {"url": f"{mirror.url}/hang", "timeout": 15_000}))
        waiting.start()
        assert mirror.hung.wait(10)
        assert post("login", {})["errMsg"] == "login:ok"
        assert post("request", {"url": mirror.url})["statusCode"] == 201
        mirror.end.set()
        waiting.join()
