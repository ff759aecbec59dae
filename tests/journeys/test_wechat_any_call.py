"""`menjin.wechat(appid).call(…)`: any of WeChat's APIs, with the token put in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from menjin.errors import AnswerUnreadable, ConnectFailed, QuotaExceeded, RequestInvalid, UnknownWeChatError, WeChatBusy
from support.doors import Colour
from support.token_desk import APPID, CHECK_PATH, STABLE_PATH, Desk, Desks
from wxsim import Fault

QUOTA_PATH = "/cgi-bin/openapi/quota/get"
QUOTA = {"cgi_path": STABLE_PATH}


@pytest.fixture
def desk(colour: Colour) -> Iterator[Desk]:
    """One process beside a WeChat."""
    desks = Desks(colour)
    yield desks.make()
    desks.close()


def test_the_token_is_put_in(desk: Desk) -> None:
    """GET and POST, with query and body; WeChat's answer comes back as it is."""
    assert desk.call("GET", CHECK_PATH)["ip_list"]
    assert desk.call("POST", QUOTA_PATH, body=QUOTA)["quota"]["used"] == 1
    assert desk.calls(STABLE_PATH) == 1
    sent = desk.world.journal.entries[-1]
    assert sent.query == {"access_token": desk.text()}


def test_chinese_goes_out_unescaped(desk: Desk) -> None:
    """UTF-8 as it is: some of WeChat's APIs keep JSON's escapes."""
    with pytest.raises(UnknownWeChatError):
        desk.call("POST", QUOTA_PATH, query={"lang": "zh_CN"}, body={"cgi_path": "/微信"})
    sent = desk.world.journal.entries[-1]
    assert "微信".encode() in sent.body
    assert sent.query["lang"] == "zh_CN"


def test_errcodes_are_typed(desk: Desk) -> None:
    """Each becomes the error that says what is to be done; -1 and no answer are not repeated: it may have acted."""
    for fault, error in (
        (Fault(name="errcode", path=QUOTA_PATH, errcode=45009), QuotaExceeded),
        (Fault(name="errcode", path=QUOTA_PATH, errcode=-1), WeChatBusy),
        (Fault(name="errcode", path=QUOTA_PATH, errcode=61451), UnknownWeChatError),
        (Fault(name="html", path=QUOTA_PATH), AnswerUnreadable),
        (Fault(name="status", path=QUOTA_PATH), ConnectFailed),
    ):
        before = desk.calls(QUOTA_PATH)
        desk.world.fault(fault)
        with pytest.raises(error):
            desk.call("POST", QUOTA_PATH, body=QUOTA)
        assert desk.calls(QUOTA_PATH) == before + 1
        desk.advance(400)


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_refused_token_is_renewed_and_the_call_repeated_once(desk: Desk, errcode: int) -> None:
    """One renewal, one repetition, and the caller notices nothing."""
    token = desk.text()
    for path in (QUOTA_PATH, CHECK_PATH):
        desk.world.fault(Fault(name="errcode", path=path, errcode=errcode))
    assert desk.call("POST", QUOTA_PATH, body=QUOTA)["quota"]
    assert desk.calls(QUOTA_PATH) == 2
    assert desk.forced() == 1
    assert desk.text() != token


@pytest.mark.parametrize(
    "path",
    ["", "wxa/x", "//evil.example/x", "/cgi-bin/x?a=b", "/cgi-bin/../x", "/x#y", "/a b", "/x/", "/@evil.example"],
)
def test_only_the_path_of_an_api_is_called(desk: Desk, path: str) -> None:
    """The token goes to WeChat's host and to no other place; nothing is sent for anything else."""
    with pytest.raises(RequestInvalid):
        desk.call("GET", path)
    assert not desk.world.journal.entries


def test_a_malformed_call_is_refused_before_anything_is_sent(desk: Desk) -> None:
    """Another method, an access_token of the caller's own, a body that is no JSON."""
    for arguments, named in (
        (("DELETE", CHECK_PATH), {}),
        (("GET", CHECK_PATH), {"query": {"access_token": "50_mine"}}),
        (("POST", QUOTA_PATH), {"body": object()}),
    ):
        with pytest.raises(RequestInvalid):
            desk.call(*arguments, **named)
    assert not desk.world.journal.entries


def test_an_app_that_is_none_of_ours_is_refused(desk: Desk) -> None:
    """Before anything is called."""
    with pytest.raises(RequestInvalid):
        desk.door.wechat("wx0123456789abcdef")


def test_a_file_comes_back_as_bytes(desk: Desk) -> None:
    """An API that answers with a picture; its refusals are errors all the same."""
    wechat = desk.door.wechat(APPID)

    def fetch() -> bytes:
        found = wechat.call_for_bytes("GET", CHECK_PATH)
        picture: bytes = desk.run(found) if desk.colour == "async" else found
        return picture

    assert fetch().startswith(b"{")
    desk.world.fault(Fault(name="html", path=CHECK_PATH))
    assert fetch().startswith(b"<html>")
    desk.world.fault(Fault(name="errcode", path=CHECK_PATH, errcode=45009))
    with pytest.raises(QuotaExceeded):
        fetch()
    desk.advance(400)
    desk.world.fault(Fault(name="status", path=CHECK_PATH))
    with pytest.raises(ConnectFailed):
        fetch()
