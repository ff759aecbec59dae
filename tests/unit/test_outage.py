"""What the log says of a store that is away."""

from __future__ import annotations

import logging

import pytest
import redis

from menjin.adapters.complaints import Outage
from menjin.adapters.redis.commands import Commands
from menjin.bridge import drive
from menjin.errors import StoreUnavailable
from support.clock import ClockStopwatch, FakeClock
from support.ports import free_port

LOG = logging.getLogger("menjin.redis")


def test_an_outage_is_told_once_a_minute_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Asked four times a second for three minutes, it is four lines, not 720; then one that it is over."""
    clock = FakeClock()
    outage = Outage(LOG, "Redis", ClockStopwatch(clock))
    for _ in range(720):
        outage.tell("ConnectionError")
        clock.advance(seconds=0.25)
    outage.tell("ConnectionError")
    for _ in range(3):
        outage.end()
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["ERROR"] * 4 + ["WARNING"]
    assert told[0][1] == "Redis cannot be used: ConnectionError 无法使用"
    assert "239 more" in told[1][1]
    assert "已恢复" in told[4][1]


def test_all_that_ask_one_redis_share_its_outage(caplog: pytest.LogCaptureFixture) -> None:
    """However many parts of a process ask, there is one line, and what is raised says which store it is."""
    client = redis.Redis(port=free_port(), socket_connect_timeout=1)
    for _ in range(5):
        with pytest.raises(StoreUnavailable) as caught:
            drive(Commands(client).ping())
        assert caught.value.store == "redis"
    client.close()
    assert len(caplog.records) == 1
