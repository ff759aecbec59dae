"""WeChat busy, gone, slow or raving, seen through HTTP: a typed problem within 3.2 s, and the next login works."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from support.serving import Service, serve_menjin
from wxsim import Fault

PATH = "/sns/jscode2session"
PROMISED_SECONDS = 3.2
now = time.monotonic  # noqa: TID251 - the promise is one of real time
UNAVAILABLE = (503, "wechat_unavailable", "login")
UNREADABLE = (502, "wechat_bad_answer", "login")
REFUSED = (502, "wechat_bad_answer", "none")
MISCONFIGURED = (500, "app_misconfigured", "none")
BLOCKED = (403, "user_blocked", "none")
LIMITED = (429, "too_many_attempts", "login")


def what(reply: httpx2.Response) -> tuple[int, str, str]:
    """Return status, code and action."""
    return reply.status_code, reply.json()["code"], reply.json()["action"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(name="errcode", errcode=-1, times=None), UNAVAILABLE),
        (Fault(name="reset", times=None), UNAVAILABLE),
        (Fault(name="cut", after=0, times=None), UNAVAILABLE),
        (Fault(name="cut", after=20, times=None), UNAVAILABLE),
        (Fault(name="status", status=502), UNAVAILABLE),
        (Fault(name="status", status=404), UNREADABLE),
        (Fault(name="status", status=302), UNREADABLE),
        (Fault(name="html"), UNREADABLE),
        (Fault(name="empty"), UNREADABLE),
        (Fault(name="list"), UNREADABLE),
        (Fault(name="null"), UNREADABLE),
        (Fault(name="broken_json"), UNREADABLE),
        (Fault(name="gbk"), UNREADABLE),
        (Fault(name="duplicate_keys"), UNREADABLE),
        (Fault(name="wrong_types"), UNREADABLE),
        (Fault(name="errcode", errcode=40226), BLOCKED),
        (Fault(name="errcode", errcode=40013), MISCONFIGURED),
        (Fault(name="errcode", errcode=40125), MISCONFIGURED),
        (Fault(name="errcode", errcode=41002), MISCONFIGURED),
        (Fault(name="errcode", errcode=50007), MISCONFIGURED),
        (Fault(name="errcode", errcode=45011), LIMITED),
        (Fault(name="errcode", errcode=45009), LIMITED),
        (Fault(name="errcode", errcode=99999), REFUSED),
    ],
    ids=lambda value: f"{value.name}-{value.errcode}-{value.status}-{value.after}" if isinstance(value, Fault) else "",
)
def test_a_fault_is_typed_and_heals(shared: Service, fault: Fault, expected: tuple[int, str, str]) -> None:
    """Each fault has its status, code and action, in time; a good login afterwards works."""
    fault.path = PATH
    client, code = shared.client(), shared.code()
    shared.world.fault(fault)
    began = now()
    reply = client.sign_in(code)
    assert now() - began < PROMISED_SECONDS
    shared.world.faults.remove()
    assert what(reply) == expected
    assert ("retry_after" in reply.json()) == (expected is LIMITED) == ("retry-after" in reply.headers)
    assert client.sign_in(shared.code()).status_code == 201


def test_a_quota_says_when_to_come_back(shared: Service) -> None:
    """A minute limit ends within the minute, a day limit within the day; header and body agree."""
    for errcode, longest in ((45011, 60), (45009, 86400)):
        shared.world.fault(Fault(name="errcode", path=PATH, errcode=errcode))
        reply = shared.client().sign_in(shared.code())
        assert 1 <= reply.json()["retry_after"] <= longest
        assert reply.headers["retry-after"] == str(reply.json()["retry_after"])


def test_a_short_fit_of_busyness_is_not_noticed(shared: Service) -> None:
    """One -1 is repeated within the deadline and the login succeeds."""
    shared.world.fault(Fault(name="errcode", path=PATH, errcode=-1, times=1))
    assert shared.client().sign_in(shared.code()).status_code == 201


def test_a_lost_answer_is_never_asked_for_again(shared: Service) -> None:
    """WeChat spent the code, then the connection broke: one call, 503, login; not 409 by a second try.

    The connection had served a login before, which is when HTTP clients like to repeat a GET by themselves.
    """
    shared.signed_in()
    before = len(shared.upstream())
    shared.world.fault(Fault(name="lost", path=PATH, seconds=0))
    reply = shared.client().sign_in(shared.code())
    assert what(reply) == UNAVAILABLE
    assert len(shared.upstream()) - before == 1


def test_hanging_and_dripping_end_in_time_and_hold_nobody_up(shared: Service) -> None:
    """A WeChat that hangs or drips for some is 503 within 3.2 s for them, while others log in at once."""
    shared.world.fault(Fault(name="hang", path=PATH, person="ming", times=None))
    shared.world.fault(Fault(name="drip", path=PATH, person="hong", times=None, seconds=0.5, after=5))
    shared.world.change_person("lan")

    def timed(person: str) -> tuple[httpx2.Response, float]:
        code, client, began = shared.code(person), shared.client(), now()
        return client.sign_in(code), now() - began

    with ThreadPoolExecutor(3) as pool:
        (hung, one), (dripped, two), (fine, three) = pool.map(timed, ("ming", "hong", "lan"))
    shared.world.faults.remove()
    assert what(hung) == what(dripped) == UNAVAILABLE
    assert max(one, two) < PROMISED_SECONDS
    assert fine.status_code == 201
    assert three < 1
    assert shared.client().sign_in(shared.code()).status_code == 201


@contextmanager
def deaf_port() -> Iterator[str]:
    """A port whose queue is full: connecting neither succeeds nor fails."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(deaf.getsockname())
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}"


@contextmanager
def closed_port() -> Iterator[str]:
    """A port where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}"


@pytest.mark.parametrize(("port", "seconds"), [(closed_port, 0.5), (deaf_port, 1.5)])
def test_a_wechat_that_cannot_be_reached(tmp_path: Path, port: type, seconds: float) -> None:
    """Refusing is told at once, a connection that never comes about after a second: 503, login."""
    with port() as wechat, serve_menjin(tmp_path, base_url=wechat) as service:
        began = now()
        assert what(service.client().sign_in("any")) == UNAVAILABLE
        assert now() - began < seconds
