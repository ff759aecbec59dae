"""The Python client of the centre, in both colours, against the internal listener."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from menjin import AiohttpHttp, AsyncCentre, BlockingHttp, Centre, Secret
from menjin.access_tokens.model import ReportOutcome
from menjin.access_tokens.remote import RemoteToken
from menjin.errors import (
    AnswerUnreadable,
    CentreUnreachable,
    ClientInvalid,
    ClientNotPermitted,
    ConfigurationError,
    ConnectFailed,
    MenjinError,
    NotFound,
    StoreUnavailable,
    TooManyAttempts,
    TransportError,
    WeChatError,
)
from menjin.wechat.ports import HttpRequest, HttpResponse
from support.clock import ClockStopwatch, FakeClock
from support.internal import APPID, READ_AND_REPORT, Internal, serve_internal
from support.ports import free_port
from wxsim import Fault

Colour = Literal["sync", "async"]


@dataclass
class Counting:
    """Carries requests, counts those to a centre, and answers itself while `answers` has something.

    Attributes:
        asked: Method and path of each request to a centre.
    """

    inner: Any
    asked: list[str] = field(default_factory=list)
    answers: list[HttpResponse | Exception] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Carry one."""
        if "/v1/apps/" in request.url:
            self.asked.append(f"{request.method} {request.url.partition('/v1')[2]}")
            if self.answers:
                answer = self.answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        answered: HttpResponse = await self.inner.send(request)
        return answered


class Service:
    """A business's service that uses the centre, in either colour behind one blocking face."""

    def __init__(self, colour: Colour, url: str, credential: str, wechat: str, appid: str = APPID) -> None:
        self.clock = FakeClock()
        self._runner = asyncio.Runner() if colour == "async" else None
        self._carrier: Any = AiohttpHttp() if colour == "async" else BlockingHttp()
        self.http = Counting(self._carrier)
        make: Any = AsyncCentre if colour == "async" else Centre
        stopwatch = ClockStopwatch(self.clock)
        self.centre = make(url, credential, appid, base_url=wechat, http=self.http, stopwatch=stopwatch)

    def access_token(self) -> RemoteToken:
        """Return the token."""
        found: RemoteToken = self._settle(self.centre.access_token())
        return found

    def report(self, token: Secret) -> ReportOutcome:
        """Report it."""
        outcome: ReportOutcome = self._settle(self.centre.report(token))
        return outcome

    def call(self) -> dict[str, Any]:
        """Call one of WeChat's APIs."""
        answer: dict[str, Any] = self._settle(self.centre.call("GET", "/cgi-bin/getcallbackip"))
        return answer

    def at_once(self, count: int) -> list[RemoteToken]:
        """Ask for the token in so many tasks or threads."""
        if self._runner is None:
            with ThreadPoolExecutor(count) as pool:
                return list(pool.map(lambda _: self.access_token(), range(count)))

        async def gather() -> list[RemoteToken]:
            return list(await asyncio.gather(*(self.centre.access_token() for _ in range(count))))

        found: list[RemoteToken] = self._runner.run(gather())
        return found

    def close(self) -> None:
        """Close connections."""
        self._settle(self.centre.close())
        self._settle(self._carrier.close())
        if self._runner is not None:
            self._runner.close()

    def _settle(self, value: Coroutine[Any, Any, Any] | Any) -> Any:  # noqa: ANN401 - whatever it gives
        return self._runner.run(value) if self._runner is not None else value


Open = Callable[..., Service]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internal]:
    """A centre for tests that leave nothing behind."""
    with serve_internal(tmp_path_factory.mktemp("shared")) as found:
        yield found


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[Internal]:
    """A centre of one's own."""
    with serve_internal(tmp_path) as found:
        yield found


@pytest.fixture(params=["sync", "async"])
def open_service(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens services in each colour."""
    opened: list[Service] = []

    def open_one(internal: Internal, credential: str = "", **more: str) -> Service:
        url = more.pop("url", internal.url)
        opened.append(Service(request.param, url, credential or internal.credential("py"), internal.wechat.url, **more))
        return opened[-1]

    yield open_one
    for service in opened:
        service.close()


def test_a_copy_is_kept_as_long_as_the_centre_said(shared: Internal, open_service: Open) -> None:
    """Many reads, one request; a moment before the copy's end none more, at its end one; WeChat takes the token."""
    service = open_service(shared)
    token = service.access_token()
    assert shared.is_good(token.value.reveal())
    service.clock.advance(seconds=239)
    assert [service.access_token() for _ in range(50)] == [token] * 50
    assert service.http.asked == [f"GET /apps/{APPID}/access-token"]
    service.clock.advance(seconds=1)
    assert service.access_token().value == token.value
    assert len(service.http.asked) == 2


def test_twenty_at_once_cost_one_request(shared: Internal, open_service: Open) -> None:
    """Tasks or threads without a copy wait for the same answer."""
    service = open_service(shared)
    assert len({token.value.reveal() for token in service.at_once(20)}) == 1
    assert len(service.http.asked) == 1


def test_a_dead_token_is_healed_within_one_call(internal: Internal, open_service: Open) -> None:
    """WeChat refuses it: it is reported, asked for anew, and the call repeated once; the caller sees the answer."""
    service = open_service(internal)
    first = service.access_token()
    internal.world.clock.advance(60)
    internal.kill_token()
    assert "ip_list" in service.call()
    assert service.access_token().generation == first.generation + 1
    assert [asked.partition(" ")[0] for asked in service.http.asked] == ["GET", "POST", "GET"]
    assert service.report(first.value) is ReportOutcome.NOT_CURRENT


def test_wechat_refusing_for_ever_is_one_retry_and_one_clear_error(internal: Internal, open_service: Open) -> None:
    """Two calls go out, no more, and the error has WeChat's number."""
    service = open_service(internal)
    service.access_token()
    internal.world.fault(Fault(name="errcode", errcode=40001, path="/cgi-bin/getcallbackip", times=None))
    with pytest.raises(WeChatError) as caught:
        service.call()
    assert caught.value.errcode == 40001
    assert internal.upstream().count("/cgi-bin/getcallbackip") == 2


def test_while_the_centre_is_away_the_copy_serves_to_its_end(shared: Internal, open_service: Open) -> None:
    """Then the error says that it is the centre; once it is back the next call is served."""
    service = open_service(shared)
    token = service.access_token()
    service.clock.advance(seconds=200)
    service.http.answers += [ConnectFailed()] * 4
    assert service.access_token() == token
    service.clock.advance(seconds=41)
    for _ in range(2):
        with pytest.raises(CentreUnreachable):
            service.access_token()
    assert service.access_token().value == token.value


def test_nobody_listening_is_a_typed_error(shared: Internal, open_service: Open) -> None:
    """As when the port is wrong."""
    service = open_service(shared, url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CentreUnreachable) as caught:
        service.access_token()
    assert (caught.value.code, caught.value.retryable) == ("wechat_unavailable", True)


def test_a_connection_that_was_closed_meanwhile_is_no_error(shared: Internal, open_service: Open) -> None:
    """The first request breaks, the second one is answered; a report is sent once."""
    service = open_service(shared)
    service.http.answers.append(ConnectFailed())
    assert service.access_token().generation
    service.http.answers.append(ConnectFailed())
    with pytest.raises(ConnectFailed):
        service.report(Secret("48_" + "x" * 60))


def test_refusals_come_as_the_errors_of_the_tree(shared: Internal, open_service: Open) -> None:
    """A wrong credential, another app, none of that name, and what the centre says of stores and WeChat."""
    elsewhere = "wx" + "b" * 16
    everywhere = shared.credential("all", READ_AND_REPORT, None)
    refusals: list[tuple[type[MenjinError], Service]] = [
        (ClientInvalid, open_service(shared, "mjc_" + "A" * 43)),
        (ClientNotPermitted, open_service(shared, appid=elsewhere)),
        (NotFound, open_service(shared, everywhere, appid=elsewhere)),
    ]
    for kind, service in refusals:
        with pytest.raises(kind):
            service.access_token()
    service = open_service(shared)
    answers: list[tuple[int, bytes, type[MenjinError]]] = [
        (503, b'{"code": "store_unavailable"}', StoreUnavailable),
        (503, b'{"code": "wechat_unavailable"}', TransportError),
        (429, b'{"code": "too_many_attempts", "retry_after": 7}', TooManyAttempts),
        (500, b'{"code": "app_misconfigured"}', WeChatError),
        (500, b'{"code": "something_new"}', CentreUnreachable),
        (502, b"<html>Bad Gateway</html>", AnswerUnreadable),
        (200, b'{"access_token": ""}', AnswerUnreadable),
        (200, b'{"access_token": "x", "expires_in": "1", "generation": 1}', AnswerUnreadable),
    ]
    for status, body, kind in answers:
        service.http.answers.append(HttpResponse(status, body))
        with pytest.raises(kind):
            service.access_token()
    assert service.access_token().generation


def test_nothing_secret_is_shown(shared: Internal, open_service: Open) -> None:
    """Neither a token's repr nor a request's nor an error holds the token or the credential."""
    credential = shared.credential("py")
    service = open_service(shared, credential)
    token = service.access_token()
    service.clock.advance(hours=1)
    service.http.answers.append(HttpResponse(200, b'{"access_token": "%s", "x": ' % token.value.reveal().encode()))
    with pytest.raises(AnswerUnreadable) as caught:
        service.access_token()
    shown = f"{token!r} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r} {service.centre!r}"
    request = HttpRequest("GET", "http://x", headers=(("Authorization", f"Bearer {credential}"),))
    for secret in (token.value.reveal(), credential):
        assert secret not in f"{shown} {request!r}"


@pytest.mark.parametrize(
    ("url", "credential", "appid"),
    [("127.0.0.1:8702", "x", APPID), ("ftp://x", "x", APPID), ("http://x", "", APPID), ("http://x", "x", "wx1")],
)
def test_wrong_arguments_are_told_at_once(url: str, credential: str, appid: str) -> None:
    """Before any request."""
    with pytest.raises(ConfigurationError):
        Centre(url, credential, appid)
    with pytest.raises(ConfigurationError):
        AsyncCentre(url, credential, appid)
