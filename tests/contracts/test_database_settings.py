"""`[database]`: which URLs are taken, and that none is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from menjin import AsyncMenjin, open_async_engine, open_engine
from menjin.errors import ConfigurationError
from menjin.service.settings import load_settings, to_parts
from support.benches import Bench

CONFIGURATION = """
[dev]
enabled = true
[vault]
active = "k1"
keys.k1 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
[[apps]]
appid = "wx0123456789abcdef"
app_secret = "0123456789abcdef0123456789abcdef"
[database]
"""


def write(folder: Path, database: str) -> Path:
    """Write a configuration; return its path."""
    path = folder / "menjin.toml"
    path.write_text(CONFIGURATION + database, "utf-8")
    return path


@pytest.mark.kinds("-async")
def test_a_service_starts_on_each_database(sql_bench: Bench, tmp_path: Path) -> None:
    """The URL may stand in a file of its own; the driver with an event loop is chosen."""
    (tmp_path / "url").write_text(f"{sql_bench.url}\n")
    parts = to_parts(load_settings(write(tmp_path, f'url_file = "{tmp_path}/url"\npool_size = 2')))

    async def start() -> None:
        async with AsyncMenjin(parts) as menjin:
            await menjin.ping()

    sql_bench.run(start())


@pytest.mark.parametrize(
    "url",
    [
        "oracle://menjin:pass-word@host/name",
        "postgresql://menjin:pass-word@host",
        "mysql://menjin:pass-word@host:port/name",
        "menjin:pass-word",
        "sqlite:///:memory:",
        "sqlite://",
        "",
    ],
)
def test_another_url_is_refused_without_telling_it(url: str, tmp_path: Path) -> None:
    """The fault names the key and the forms that are taken; neither fault nor trace nor settings show a password."""
    for opening in (open_engine, open_async_engine):
        with pytest.raises(ValueError, match="reads sqlite") as caught:
            opening(url)
        assert "pass-word" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    settings = load_settings(write(tmp_path, f'url = "{url}"'))
    assert "pass-word" not in repr(settings)
    with pytest.raises(ConfigurationError) as refused:
        to_parts(settings)
    assert "database.url" in str(refused.value)
    assert "pass-word" not in str(refused.value)
