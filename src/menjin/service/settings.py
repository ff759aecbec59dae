"""The configuration: `menjin.toml`, the environment, secret files. The only room that reads them.

`MENJIN_<SECTION>__<KEY>` overrides a key of the file, `MENJIN_APP_<APPID>_SECRET` an app's secret; every
secret can be a `*_file` instead. All faults are told at once.
"""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from menjin.accounts.directory import Directory
from menjin.adapters.http import AiohttpHttp
from menjin.adapters.sqlalchemy.database import Database, open_async_engine
from menjin.adapters.vault import AesGcmVault
from menjin.adapters.waiting import TaskPause
from menjin.apps import STABLE, App, Apps, TokenMode
from menjin.assembly import Parts, Stores, redis_stores, sql_stores
from menjin.clients.model import ServiceClient
from menjin.errors import ConfigurationError, Fault
from menjin.service import settings_sources as sources
from menjin.service.directory_settings import DirectorySection, close_with, make_importable, to_directory
from menjin.service.internal_settings import InternalSection, ServiceClientSection, to_clients
from menjin.service.limit_settings import GatewaySection, LimitsSection
from menjin.service.production import find_refused
from menjin.service.section import Section
from menjin.service.settings_words import describe, describe_error
from menjin.service.token_settings import AccessTokensSection
from menjin.values import Secret, parse_appid
from menjin.wechat.client import WECHAT


class AppSection(Section):
    """`[[apps]]`: one mini program. Times in whole seconds."""

    appid: str = Field(pattern=r"^wx[0-9a-f]{16}$")
    app_secret: SecretStr | None = None
    app_secret_file: Path | None = None
    sign_in: Literal["open", "bound"] = "open"
    realm: str = Field(default="default", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    open_platform: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    idle_timeout: int = Field(default=7 * 86400, ge=60)
    absolute_lifetime: int = Field(default=30 * 86400, ge=60)
    devices: Literal["many", "one_per_device", "single"] = "many"
    max_sessions: int = Field(default=20, ge=1, le=1000)
    follow_wechat: int | None = Field(default=None, ge=600)
    reset_key_at_sign_out: bool = False
    alias: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    phone_match: Literal["bind", "confirm", "never"] = "confirm"
    tenants: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default_factory=list)
    token_mode: TokenMode = STABLE

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.idle_timeout > self.absolute_lifetime:
            raise ValueError("idle_timeout is longer than absolute_lifetime 闲置时限不能长于总时限")
        return self


class VaultSection(Section):
    """`[vault]`: the key that seals, and every key that still opens; `menjin keys new` makes one."""

    active: str
    keys: dict[str, SecretStr] = Field(default_factory=dict)
    keys_file: dict[str, Path] = Field(default_factory=dict)


class DatabaseSection(Section):
    """`[database]`: sqlite:///…, postgresql://… or mysql://…; with a password in it, better by `url_file`.

    `pool_size`: connections at most, of each process; by default 4 for SQLite, 10 else.
    """

    url: SecretStr = SecretStr("sqlite:///menjin.db")
    url_file: Path | None = None
    pool_size: int | None = Field(default=None, ge=1, le=200)


class RedisSection(Section):
    """`[redis]`: where sessions live; without it they live in `[database]`. The URL may hold a password."""

    url: SecretStr | None = None
    url_file: Path | None = None


class WeChatSection(Section):
    """`[wechat]`: WeChat's host, and how long a whole call may take (milliseconds)."""

    base_url: str = Field(default=WECHAT, pattern=r"^https?://[^?#]+$")
    deadline: int = Field(default=3000, ge=100, le=30000)


class LegacySection(Section):
    """`[legacy]`: Tencent's old session protocols, served under `/legacy/{protocol}/{appid}/`; none unless named."""

    protocols: list[Literal["weapp-session", "wafer", "wafer2"]] = Field(default_factory=list)


class DevSection(Section):
    """`[dev]`: what a production start refuses."""

    enabled: bool = False


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(env_prefix="MENJIN_", env_nested_delimiter="__", extra="ignore", frozen=True)

    apps: list[AppSection] = Field(default_factory=list)
    vault: VaultSection | None = None
    database: DatabaseSection = DatabaseSection()
    redis: RedisSection | None = None
    wechat: WeChatSection = WeChatSection()
    directory: DirectorySection | None = None
    legacy: LegacySection = LegacySection()
    limits: LimitsSection = LimitsSection()
    access_tokens: AccessTokensSection = AccessTokensSection()
    gateway: GatewaySection = GatewaySection()
    internal: InternalSection = InternalSection()
    service_clients: list[ServiceClientSection] = Field(default_factory=list)
    dev: DevSection = DevSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets come as *_file
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return env_settings, init_settings


_SECTIONS = frozenset(Settings.model_fields)
_NO_KEY = "is missing: a key and its name; `menjin keys new` makes a key 缺少 vault 密钥"
DEFAULT_FILE = Path("menjin.toml")


def load_settings(path: Path) -> Settings:
    """Read the configuration.

    Args:
        path: `menjin.toml`; only the default one may be missing, where the environment has settings.

    Raises:
        ConfigurationError: Everything wrong with its form, or there is no such file.
    """
    may_miss = path == DEFAULT_FILE and any(sources.is_setting(name, _SECTIONS) for name in os.environ)
    try:
        written = tomllib.loads(path.read_text("utf-8")) if path.exists() or not may_miss else {}
    except FileNotFoundError:
        raise ConfigurationError([Fault(str(path), "no such file 找不到配置文件")]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            [Fault(path.name, f"cannot be read 无法读取: {type(error).__name__}: {error}")]
        ) from None
    faults = [Fault(name, sources.NO_SECTION) for name in written if name not in _SECTIONS]
    faults += sources.find_unknown(os.environ, _SECTIONS)
    try:
        settings = Settings(**written)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        faults += [_to_fault(dict(one)) for one in found]
        raise ConfigurationError([*faults, *_find_further(written, {str(one["loc"][0]) for one in found})]) from None
    except SettingsError as error:
        raise ConfigurationError([*faults, Fault("environment", f"{error} 环境变量的值无法解析")]) from None
    if faults:
        raise ConfigurationError(faults)
    if settings.directory is not None and settings.directory.call is not None:
        make_importable(path.parent)
    return settings


def _find_further(written: dict[str, Any], broken: set[str]) -> list[Fault]:
    """Return what is wrong with the sections that are well-formed, so that nobody has to start twice to hear all."""
    try:
        settings = Settings(**{name: section for name, section in written.items() if name not in broken})
    except (ValidationError, SettingsError):
        return []  # the environment is at fault, and told
    return [fault for fault in _collect(settings).faults if fault.where.split(".")[0] not in broken]


def _to_fault(found: dict[str, Any]) -> Fault:
    where = ".".join(str(part) for part in found["loc"])
    return Fault(where or "settings", describe(found["type"], found["msg"]))


@dataclass
class Configurator:
    """Makes parts, collecting every fault on the way."""

    faults: list[Fault]

    def take(self, where: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever `make` makes
        """Return what `make` makes, or None and a fault noted."""
        try:
            return make()
        except ConfigurationError as error:
            self.faults += error.faults
        except (ValueError, OSError, ImportError, AttributeError, TypeError) as error:
            self.faults.append(Fault(where, describe_error(error)))
        return None


@dataclass(frozen=True, slots=True)
class _Collected:
    """What the settings name, as far as it can be used."""

    faults: list[Fault]
    apps: Apps | None
    vault: AesGcmVault | None
    directory: Directory | None
    database: Database | None
    redis_url: str | None
    clients: tuple[ServiceClient, ...]


def _collect(settings: Settings) -> _Collected:
    work = Configurator([])
    apps = [work.take(f"apps.{index}", partial(_to_app, app)) for index, app in enumerate(settings.apps)]
    if not settings.apps:
        work.faults.append(Fault("apps", "there is none; name at least one mini program 至少要有一个小程序"))
    section = settings.directory
    vault = work.take("vault", partial(to_vault, settings))
    database = work.take("database.url", partial(to_database, settings))
    where = f"directory.{next(iter(section.model_fields_set), '')}" if section is not None else "directory"
    directory = work.take(where, lambda: to_directory(section, database, _read_file))
    work.take("access_tokens", settings.access_tokens.to_figures)
    redis_url = work.take("redis.url", lambda: read_redis_url(settings.redis))
    clients = work.take("service_clients", lambda: to_clients(settings.service_clients))
    work.faults += settings.internal.find_faults(is_dev=settings.dev.enabled)
    work.faults += find_refused(settings, [app for app in apps if app is not None])
    registry = work.take("apps", lambda: Apps(apps)) if apps and None not in apps else None
    return _Collected(work.faults, registry, vault, directory, database, redis_url, clients or ())


def to_parts(settings: Settings) -> Parts:
    """Return the parts of an installation.

    Raises:
        ConfigurationError: Everything that cannot work, at once.
    """
    found = _collect(settings)
    if found.faults or found.vault is None or found.apps is None or found.database is None:
        raise ConfigurationError(found.faults)
    return Parts(
        apps=found.apps,
        http=AiohttpHttp(settings.limits.wechat_calls_in_total),
        stores=close_with(_to_stores(found.database, found.vault, found.redis_url), found.directory),
        pause=TaskPause(),
        directory=found.directory,
        base_url=settings.wechat.base_url,
        wechat_deadline=timedelta(milliseconds=settings.wechat.deadline),
        figures=settings.limits.to_figures(),
        upstream=settings.limits.to_upstream(),
        service_clients=found.clients,
        tokens=settings.access_tokens.to_figures(),
    )


def to_database(settings: Settings) -> Database:
    """Return the database the settings name.

    Raises:
        ConfigurationError: The URL is none, its driver is missing, or a SQLite file's folder cannot be made.
    """
    url = to_database_url(settings)
    try:
        engine = open_async_engine(url, pool_size=settings.database.pool_size)
        sources.check_file(url)
        return Database(engine)
    except (ValueError, OSError) as error:
        raise ConfigurationError([Fault("database.url", describe_error(error))]) from None


def to_database_url(settings: Settings) -> str:
    """Return the URL the settings name; it may hold a password.

    Raises:
        ConfigurationError: Its file cannot be read.
    """
    section = settings.database
    try:
        return _read_file(section.url_file) or section.url.get_secret_value()
    except (OSError, UnicodeDecodeError) as error:
        raise sources.unreadable("database.url_file", error) from None


def to_vault(settings: Settings) -> AesGcmVault:
    """Return the vault the settings name.

    Raises:
        ConfigurationError: A key cannot be used.
    """
    if settings.vault is None:
        raise ConfigurationError([Fault("vault", _NO_KEY)])
    try:
        return AesGcmVault(settings.vault.active, _read_keys(settings.vault))
    except (OSError, UnicodeDecodeError) as error:
        raise sources.unreadable("vault.keys_file", error) from None


def read_redis_url(section: RedisSection | None) -> str | None:
    """Return Redis's URL, or None without a section; it may hold a password.

    Raises:
        ConfigurationError: It is none, or redis-py is not installed.
    """
    if section is None:
        return None
    written = section.url.get_secret_value() if section.url is not None else None
    try:
        url = written or _read_file(section.url_file)
    except (OSError, UnicodeDecodeError) as error:
        raise sources.unreadable("redis.url_file", error) from None
    if not url:
        raise ConfigurationError(
            [Fault("redis", "needs url or url_file, or no section at all 请填 url 或 url_file，或删去整段")]
        )
    try:
        clients = importlib.import_module("menjin.adapters.redis.clients")
    except ImportError:
        raise ConfigurationError(
            [Fault("redis", "needs redis-py: pip install 'menjin[redis]' 缺少 redis-py")]
        ) from None
    try:
        clients.check_redis_url(url)
    except ValueError as error:
        raise ConfigurationError([Fault("redis.url", describe_error(error))]) from None
    return url


def _to_stores(database: Database, vault: AesGcmVault, redis_url: str | None) -> Stores:
    if redis_url is None:
        return sql_stores(database, vault)
    from menjin.adapters.redis.clients import open_async_redis  # noqa: PLC0415 - redis-py is an extra

    return redis_stores(open_async_redis(redis_url), database, vault)


def _to_app(section: AppSection) -> App:
    appid = parse_appid(section.appid)
    name = f"MENJIN_APP_{appid.upper()}_SECRET"
    secret = os.environ.get(name) or os.environ.get(f"MENJIN_APP_{appid}_SECRET")
    written = section.app_secret.get_secret_value() if section.app_secret is not None else None
    secret = secret or written or _read_file(section.app_secret_file) or _read_file_named(f"{name}_FILE")
    if not secret:
        told = f"has no app_secret; set it, app_secret_file or {name} 缺少 app_secret"
        raise ConfigurationError([Fault(f"apps.{appid}", told)])
    return App(
        appid=appid,
        app_secret=Secret(secret),
        sign_in=section.sign_in,
        realm=section.realm,
        open_platform=section.open_platform,
        idle_timeout=timedelta(seconds=section.idle_timeout),
        absolute_lifetime=timedelta(seconds=section.absolute_lifetime),
        devices=section.devices,
        max_sessions=section.max_sessions,
        follow_wechat=timedelta(seconds=section.follow_wechat) if section.follow_wechat is not None else None,
        reset_key_at_sign_out=section.reset_key_at_sign_out,
        alias=section.alias,
        phone_match=section.phone_match,
        tenants=frozenset(section.tenants),
        token_mode=section.token_mode,
    )


def share_metrics(folder: Path) -> None:
    """Let the workers' counts be kept in `folder`; prometheus_client takes this from the environment only."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _read_file(path: Path | None) -> str | None:
    return path.read_text("utf-8").strip() if path is not None else None


def _read_file_named(variable: str) -> str | None:
    path = os.environ.get(variable)
    return _read_file(Path(path)) if path else None


def _read_keys(section: VaultSection) -> dict[str, Secret]:
    keys = {name: Secret(key.get_secret_value()) for name, key in section.keys.items()}
    return keys | {name: Secret(_read_file(path) or "") for name, path in section.keys_file.items()}
