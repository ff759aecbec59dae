"""menjin 门禁: the door-keeper for WeChat Mini Programs. Public names, nothing else."""

from menjin.access_tokens.figures import TokenFigures
from menjin.access_tokens.model import AccessToken, ReportOutcome, TokenStatus
from menjin.adapters.counters import MemoryCounters
from menjin.adapters.directories import CallableDirectory, MemoryDirectory
from menjin.adapters.directories.local import LocalDirectory
from menjin.adapters.directories.sql import Queries, SqlDirectory, open_directory_engine
from menjin.adapters.directories.webhook import Endpoint, WebhookDirectory
from menjin.adapters.http import AiohttpHttp, BlockingHttp, FunctionHttp
from menjin.adapters.sqlalchemy.database import Database, open_async_engine, open_engine
from menjin.adapters.vault import AesGcmVault, new_vault_key
from menjin.adapters.waiting import TaskPause, ThreadPause
from menjin.aio import AsyncMenjin
from menjin.apps import App, Apps
from menjin.assembly import Parts, Stores, memory_stores, redis_stores, sql_stores
from menjin.centre import AsyncCentre, Centre
from menjin.errors import MenjinError
from menjin.ledger.request import within_request
from menjin.limits.model import NO_LIMITS, Figures, Rate, UpstreamFigures
from menjin.login.operator import ByExternalId, ByOpenId
from menjin.login.results import OpenedData, PhoneNumber, Principal, SignedIn
from menjin.sessions.model import BoundAccount, Device, Session
from menjin.sync import Menjin
from menjin.values import AppId, Secret

__all__ = [
    "NO_LIMITS",
    "AccessToken",
    "AesGcmVault",
    "AiohttpHttp",
    "App",
    "AppId",
    "Apps",
    "AsyncCentre",
    "AsyncMenjin",
    "BlockingHttp",
    "BoundAccount",
    "ByExternalId",
    "ByOpenId",
    "CallableDirectory",
    "Centre",
    "Database",
    "Device",
    "Endpoint",
    "Figures",
    "FunctionHttp",
    "LocalDirectory",
    "MemoryCounters",
    "MemoryDirectory",
    "Menjin",
    "MenjinError",
    "OpenedData",
    "Parts",
    "PhoneNumber",
    "Principal",
    "Queries",
    "Rate",
    "ReportOutcome",
    "Secret",
    "Session",
    "SignedIn",
    "SqlDirectory",
    "Stores",
    "TaskPause",
    "ThreadPause",
    "TokenFigures",
    "TokenStatus",
    "UpstreamFigures",
    "WebhookDirectory",
    "memory_stores",
    "new_vault_key",
    "open_async_engine",
    "open_directory_engine",
    "open_engine",
    "redis_stores",
    "sql_stores",
    "within_request",
]
