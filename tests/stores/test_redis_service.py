"""`menjin serve` with sessions in Redis: ready or not, 503 and never 401, and back."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from menjin import new_vault_key
from menjin.adapters.redis.sessions import RedisSessions
from menjin.errors import ConfigurationError
from menjin.service.settings import load_settings, to_parts
from support.ports import free_port
from support.servers import RedisServer

pytestmark = pytest.mark.servers
_CONFIG = """
[[apps]]
appid = "wx0123456789abcdef"
app_secret = "01010101010101010101010101010101"
[vault]
active = "k1"
keys.k1 = "{key}"
[database]
url = "sqlite:///{folder}/menjin.db"
[dev]
enabled = true
"""


def write_config(folder: Path, redis: str) -> Path:
    """Write menjin.toml with this `[redis]` section."""
    path = folder / "menjin.toml"
    path.write_text(_CONFIG.format(key=new_vault_key().reveal(), folder=folder) + redis)
    return path


@pytest.fixture
def service(tmp_path: Path, own_redis: RedisServer) -> Iterator[str]:
    """A running service; its URL."""
    (tmp_path / "redis-url").write_text(own_redis.url + "\n")
    config = write_config(tmp_path, f'[redis]\nurl_file = "{tmp_path}/redis-url"\n')
    port = free_port()
    words = [sys.executable, "-c", "from menjin.cli import main; main()"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "serve", "--config", str(config), "--port", str(port)], stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 20
        while b"Application startup complete" not in (tmp_path / "log").read_bytes():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(15) in {0, -15}


def wait_for(url: str, status: int, seconds: float) -> None:
    """Ask until the status is there; within so many seconds."""
    until = time.monotonic() + seconds
    while (found := httpx2.get(url, timeout=5).status_code) != status:
        assert time.monotonic() < until, f"{found}, not {status}"
        time.sleep(0.02)


def test_the_service_says_503_while_redis_or_the_log_is_away(
    service: str, own_redis: RedisServer, tmp_path: Path
) -> None:
    """/readyz and sessions are 503 while Redis is away, and while the log cannot be followed; then they are back."""
    ready, session = f"{service}/readyz", f"{service}/v1/session"
    bearer = {"Authorization": "Bearer mjs_" + "A" * 43}
    wait_for(ready, 200, 3)
    assert httpx2.get(session, headers=bearer).status_code == 401
    own_redis.kill()
    wait_for(ready, 503, 3)
    answer = httpx2.get(session, headers=bearer)
    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"
    own_redis.start()
    wait_for(ready, 200, 2)
    with sqlite3.connect(tmp_path / "menjin.db") as database:
        database.execute("ALTER TABLE revocations RENAME TO elsewhere")
    wait_for(ready, 503, 3)
    with sqlite3.connect(tmp_path / "menjin.db") as database:
        database.execute("ALTER TABLE elsewhere RENAME TO revocations")
    wait_for(ready, 200, 3)
    log = (tmp_path / "log").read_text()
    assert str(own_redis.port) not in log
    assert "Traceback" not in log


def test_sessions_live_in_redis_when_the_section_is_there(tmp_path: Path) -> None:
    """[redis] url puts sessions there; without the section they are in SQL."""
    with_redis = to_parts(load_settings(write_config(tmp_path, '[redis]\nurl = "redis://:geheim@127.0.0.1:1/0"\n')))
    assert isinstance(with_redis.stores.sessions, RedisSessions)
    without = to_parts(load_settings(write_config(tmp_path, "")))
    assert not isinstance(without.stores.sessions, RedisSessions)


def test_a_bad_section_is_told_without_its_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An empty section and a URL of no known form are faults of the configuration; neither shows a password."""
    caplog.set_level(logging.DEBUG)
    for section, expected in (
        ("[redis]\n", "needs url"),
        ('[redis]\nurl = "redis://:geheim@h:geheim/0"\n', "not a usable redis://"),
        ('[redis]\nurl = "geheim"\n', "not a usable redis://"),
    ):
        with pytest.raises(ConfigurationError, match=expected) as caught:
            to_parts(load_settings(write_config(tmp_path, section)))
        assert "geheim" not in str(caught.value)
    assert "geheim" not in caplog.text
