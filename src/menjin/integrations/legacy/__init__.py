"""Tencent's old session protocols, spoken over menjin's sessions; off until mounted. `docs/legacy.md` compares them.

Each is an ASGI middleware, one file a protocol. What stands behind the wire is ours: a session with its own life,
a token of 256 random bits, nothing derived from a session_key.
"""

from menjin.integrations.legacy.memory import MemoryLegacyStore
from menjin.integrations.legacy.sql import SqlLegacyStore
from menjin.integrations.legacy.store import Entry, LegacyStore
from menjin.integrations.legacy.wafer import Wafer
from menjin.integrations.legacy.wafer2 import Wafer2
from menjin.integrations.legacy.weapp_session import WeappSession

__all__ = ["Entry", "LegacyStore", "MemoryLegacyStore", "SqlLegacyStore", "Wafer", "Wafer2", "WeappSession"]
