"""The doors: in process, ASGI, a thread, the command line, the pytest plugin."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import unittest
import urllib.request
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import wxsim as package
from wxsim import FIRST_APPID, Clock, Request, World, serve
from wxsim.pytest_plugin import Wxsim

PARTS = st.sampled_from(["/", "_wx", "_sim", "sns", "cgi-bin", "wxa", FIRST_APPID, "ming", "login", "people", "", ".."])


WORDS = st.text(max_size=8)


def get(url: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON over HTTP."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own loopback server
        return json.loads(answer.read())


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", ""]),
    path=st.lists(st.one_of(PARTS, WORDS), max_size=6).map("/".join),
    query=st.dictionaries(st.sampled_from(["appid", "access_token", "js_code", "since", "device", "x"]), WORDS),
    body=st.one_of(st.binary(max_size=40), st.sampled_from([b"null", b"[]", b"{}", b'"x"', b"[" * 5000, b"1e999"])),
)
def test_no_request_is_too_strange(method: str, path: str, query: dict[str, str], body: bytes) -> None:
    """Whatever comes in, an answer with the simulator's headers goes out."""
    response = World().handle(Request(method, path, query, body=body))
    assert response.status < 500
    assert response.headers["x-wxsim"] == "simulator, not WeChat"
    assert float(response.headers["x-wxsim-now"]) > 0


def test_served_from_a_thread() -> None:
    """The same world answers over HTTP and in process."""
    with serve() as served:
        assert served.url.startswith("http://127.0.0.1:")
        before = served.clock.now()
        served.clock.advance(1000)
        assert get(served.url + "/_sim/clock")["now"] >= before + 1000
        code = served.world.phone("ming").login()["code"]
        entries = get(served.url + "/_sim/journal")["entries"]
        assert entries[0]["answer"]["code"] == code


class ContextManagerTest(unittest.TestCase):
    """unittest needs nothing but the context manager."""

    def test_a_login(self) -> None:
        """A world is entered like any other context."""
        served = self.enterContext(serve())
        self.assertEqual(len(get(served.url + "/_sim/people")["people"]), 2)  # noqa: PT009 - unittest's way


def test_many_threads_at_once() -> None:
    """A world may be called from any thread; no code is given twice."""
    world = World(clock=Clock(1_800_000_000, frozen=True))
    codes: list[str] = []

    def work() -> None:
        codes.extend(world.phone("ming").login()["code"] for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(codes)) == 400


def test_the_plugin(wxsim: Wxsim) -> None:
    """The fixture gives a world, its clock and a URL."""
    wxsim.clock.advance(60)
    code = wxsim.world.phone("ming").login()["code"]
    assert get(wxsim.url + "/_sim/journal")["entries"][0]["answer"]["code"] == code
    assert wxsim.url == wxsim.url


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command line."""
    command = [sys.executable, "-m", "wxsim", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_exported_names() -> None:
    """Every public name is there, in order, and none twice."""
    assert sorted(set(package.__all__)) == sorted(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
