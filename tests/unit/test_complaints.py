"""A WeChat that cannot be reached is told in the log, without a secret, and not too often."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from menjin.adapters.complaints import Complaints
from menjin.adapters.http import AiohttpHttp
from menjin.errors import ConnectFailed
from menjin.wechat.ports import HttpRequest
from support.clock import ClockStopwatch, FakeClock
from support.faulty_wechat import closed_port


def fail(http: AiohttpHttp, url: str, times: int = 1) -> None:
    """Ask in vain, some times."""

    async def whole() -> None:
        for _ in range(times):
            with pytest.raises(ConnectFailed):
                await http.send(HttpRequest("GET", url, (("secret", "canary-of-the-url"),), None))
        await http.close()

    asyncio.run(whole())


@pytest.fixture
def plain() -> Iterator[int]:
    """The port of a server that answers whoever connects in clear."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def test_the_first_failure_is_told_and_one_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """With host and kind; nothing of path and query."""
    clock = FakeClock()
    http, host = AiohttpHttp(complaints=Complaints(ClockStopwatch(clock))), f"127.0.0.1:{closed_port()}"
    fail(http, f"http://{host}/canary-path", times=3)
    (told,) = caplog.messages
    assert told == f"WeChat cannot be reached: host={host} kind=refused 无法连接微信"
    clock.advance(seconds=59)
    fail(http, f"http://{host}/canary-path")
    assert len(caplog.messages) == 1
    clock.advance(seconds=2)
    fail(http, f"http://{host}/canary-path")
    assert len(caplog.messages) == 2
    assert "canary" not in caplog.text


def test_other_kinds(plain: int, caplog: pytest.LogCaptureFixture) -> None:
    """A name nobody has, and a server that speaks no TLS."""
    fail(AiohttpHttp(), "http://nobody.invalid/")
    fail(AiohttpHttp(), f"https://127.0.0.1:{plain}/")
    assert [told.split("kind=")[1].split()[0] for told in caplog.messages] == ["DNS", "TLS"]
