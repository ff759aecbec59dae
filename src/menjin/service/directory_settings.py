"""`[directory]`: which of the ways to ask for the business's own accounts, and how."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol, Self

from pydantic import Field, SecretStr, model_validator

from menjin.accounts.directory import Directory
from menjin.adapters.directories import CallableDirectory
from menjin.adapters.directories.local import LocalDirectory
from menjin.adapters.directories.sql import Queries, SqlDirectory, open_directory_engine
from menjin.adapters.directories.webhook import Endpoint, WebhookDirectory
from menjin.adapters.sqlalchemy.database import Database
from menjin.assembly import Stores
from menjin.service.section import Section
from menjin.values import Secret


class WebhookSection(Section):
    """`[directory.webhook]`: docs/directory-webhook.md. `timeout` in milliseconds; `former_key` while keys change."""

    url: str = Field(pattern=r"^https?://")
    key: SecretStr | None = None
    key_file: Path | None = None
    former_key: SecretStr | None = None
    former_key_file: Path | None = None
    timeout: int = Field(default=3000, ge=100, le=30000)
    private_networks: list[str] = Field(default_factory=list)


class SqlSection(Section):
    """`[directory.sql]`: the business's database, and the one SELECT that finds a member; docs/directories.md."""

    url: SecretStr | None = None
    url_file: Path | None = None
    password_query: str
    phone_query: str | None = None


class LocalSection(Section):
    """`[directory.local]`: menjin's own table; `menjin directory add` puts members in."""


class DirectorySection(Section):
    """`[directory]`: one of the four.

    `call = "package.module:function"` gets username and password and returns an id.
    """

    call: str | None = Field(default=None, pattern=r"^[\w.]+:[\w]+$")
    webhook: WebhookSection | None = None
    sql: SqlSection | None = None
    local: LocalSection | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(one is not None for one in (self.call, self.webhook, self.sql, self.local)) != 1:
            raise ValueError("needs one of call, webhook, sql and local, and one only 只能选其中一种")
        return self


class _ReadFile(Protocol):
    """Reads a secret file; None for none."""

    def __call__(self, path: Path | None) -> str | None:
        """Return its text."""
        ...


def to_directory(section: DirectorySection | None, database: Database | None, read_file: _ReadFile) -> Directory | None:
    """Return the directory of a configuration, for callers with an event loop.

    Args:
        section: As read.
        database: Where menjin's own tables are, for `local`.
        read_file: Reads `*_file`.

    Raises:
        ValueError: Something cannot be used. ImportError, AttributeError, TypeError: the function is not there.
    """
    if section is None:
        return None
    if section.call is not None:
        return _to_callable(section.call)
    if section.webhook is not None:
        return _to_webhook(section.webhook, read_file)
    if section.sql is not None:
        return _to_sql(section.sql, read_file)
    if database is None:
        return None  # told already
    return to_local(database)


def to_local(database: Database) -> LocalDirectory:
    """Return the local directory of a database.

    Raises:
        ValueError: Its extra is not installed.
    """
    if importlib.util.find_spec("argon2") is None:
        raise ValueError("the local directory needs argon2-cffi: pip install 'menjin[local]' 缺少 argon2-cffi")
    return LocalDirectory(database)


def make_importable(folder: Path) -> None:
    """Let `call` name a module beside the configuration file; what is installed comes before it."""
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)
        importlib.invalidate_caches()


def _to_callable(call: str) -> CallableDirectory:
    module, _, name = call.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        told = "not found beside the configuration file, nor installed 配置文件所在目录及已安装的包中均找不到该模块"
        raise ImportError(f"{error.name}: {told}") from None
    except Exception as error:  # noqa: BLE001 - the business's own code, which may do anything when it is imported
        last = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{module} fails when it is imported: {type(error).__name__} at {last.filename}:{last.lineno}"
        raise ImportError(f"{told} 导入该模块时出错") from None
    verify = getattr(found, name)
    if not callable(verify):
        raise TypeError(f"{call} is no function")
    return CallableDirectory(verify)


def _to_webhook(section: WebhookSection, read_file: _ReadFile) -> WebhookDirectory:
    written = [(section.key, section.key_file), (section.former_key, section.former_key_file)]
    keys = [_read(secret, path, read_file) for secret, path in written]
    if keys[0] is None:
        raise ValueError("needs key or key_file 缺少密钥")
    timeout = timedelta(milliseconds=section.timeout)
    signing = tuple(key for key in keys if key is not None)
    return WebhookDirectory(Endpoint(section.url, signing, timeout, tuple(section.private_networks)))


def _to_sql(section: SqlSection, read_file: _ReadFile) -> Directory:
    url = _read(section.url, section.url_file, read_file)
    if url is None:
        raise ValueError("needs url or url_file 缺少地址")
    queries = Queries(section.password_query, section.phone_query)
    return SqlDirectory(open_directory_engine(url.reveal(), blocking=False), queries)


def _read(secret: SecretStr | None, path: Path | None, read_file: _ReadFile) -> Secret | None:
    text = secret.get_secret_value() if secret is not None else read_file(path)
    return Secret(text) if text else None


def close_with(stores: Stores, directory: Directory | None) -> Stores:
    """Return stores that close the directory as well."""
    close = getattr(directory, "close", None)
    if close is None:
        return stores

    async def close_both() -> None:
        await close()
        await stores.close()

    return replace(stores, close=close_both)
