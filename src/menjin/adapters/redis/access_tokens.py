"""The access_token store on Redis or Valkey: one hash an app, `mj:at:{appid}`.

Its fields: v the tag, g the generation, t the sealed token (or empty), s the rest.
"""

from __future__ import annotations

from datetime import timedelta

from menjin.access_tokens.model import Record
from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.commands import Commands
from menjin.adapters.redis.scripts import Script
from menjin.adapters.token_records import read_record, seal_token, write_state
from menjin.session_keys.vault import Vault
from menjin.values import AppId

_KEPT = timedelta(days=30)

# Arguments: the tag that must be there (empty: none), milliseconds to keep, then the new tag and the other fields.
# The second run of one swap (its first answer was lost) finds its work done.
_SWAP = Script("""
local tag = redis.call('HGET', KEYS[1], 'v') or ''
if tag == ARGV[3] then return 1 end
if tag ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[3], 'g', ARGV[4], 't', ARGV[5], 's', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
""")


class RedisTokens:
    """Keeps records; the token sealed for its app and generation.

    Args:
        client: redis-py's, single, Sentinel's or Cluster's, of either colour.
        vault: Seals tokens.
    """

    def __init__(self, client: AnyRedis, vault: Vault) -> None:
        self._commands = Commands(client)
        self._vault = vault
        self.works_without_loop = self._commands.works_without_loop

    async def load(self, appid: AppId) -> Record | None:
        """Return the app's record, or None."""
        found = await self._commands.read_hash(key_of(appid))
        if not found:
            return None
        kept = int(found["g"]), found["t"] or None, found["s"]
        return read_record(appid, found["v"], kept, self._vault)

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put `record` in the place of the one whose tag is `seen`."""
        generation, sealed = seal_token(record, self._vault, appid)
        keep = _KEPT // timedelta(milliseconds=1)
        fields = record.tag, generation, sealed or "", write_state(record)
        return bool(await self._commands.run(_SWAP, key_of(appid), seen or "", keep, *fields))


def key_of(appid: AppId) -> str:
    """Return where an app's record is."""
    return f"mj:at:{{{appid}}}"
