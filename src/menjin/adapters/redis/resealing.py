"""Sealing anew in Redis, online: the access_tokens of the apps that are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from menjin.adapters.redis.access_tokens import key_of
from menjin.adapters.redis.clients import AnyRedis
from menjin.adapters.redis.commands import Commands
from menjin.adapters.redis.scripts import Script
from menjin.adapters.token_records import place_of
from menjin.errors import ConfigurationError, Fault
from menjin.session_keys.vault import Vault, read_key_id
from menjin.values import AppId

# A record that changed meanwhile is left: who changed it sealed it with the key that is active there.
_REPLACE = Script("""
if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 't', ARGV[2])
return 1
""")


class RedisResealing:
    """Looks after the sealed tokens of one Redis.

    Args:
        client: redis-py's, of either colour.
        vault: With the key that is active, and those that are to leave.
        appids: Whose tokens.
    """

    def __init__(self, client: AnyRedis, vault: Vault, appids: Sequence[AppId]) -> None:
        self._commands = Commands(client)
        self._vault = vault
        self._appids = appids

    async def count_by_key(self) -> dict[str, int]:
        """Return how many tokens each key sealed.

        Raises:
            StoreUnavailable: Redis cannot be asked.
        """
        return dict(Counter([read_key_id(sealed) for _, _, sealed in await self._read()]))

    async def check(self) -> None:
        """See that every token has its key in the ring. One that is damaged is no reason to stay down.

        Raises:
            ConfigurationError: A key is missing.
            StoreUnavailable: Redis cannot be asked.
        """
        missing = {read_key_id(sealed) for _, _, sealed in await self._read()} - self._vault.key_ids
        if missing:
            told = "is missing, and sealed an access_token in Redis 缺少密钥，Redis 中的凭据由它封存"
            raise ConfigurationError([Fault("vault.keys", f"{name} {told}") for name in sorted(missing)])

    async def reseal(self) -> tuple[int, int]:
        """Seal anew with the active key what another one sealed; return how many, and how many do not open.

        Raises:
            StoreUnavailable: Some were sealed, the rest were not.
        """
        done = damaged = 0
        for appid, generation, sealed in await self._read():
            if read_key_id(sealed) == self._vault.active:
                continue
            place = place_of(appid, generation)
            try:
                fresh = self._vault.seal(self._vault.open(sealed, place), place)
            except ValueError:
                damaged += 1
                continue
            done += await self._commands.run(_REPLACE, key_of(appid), sealed, fresh)
        return done, damaged

    async def close(self) -> None:
        """Close the connections."""
        await self._commands.close()

    async def _read(self) -> list[tuple[AppId, int, str]]:
        found = await self._commands.read_hashes([key_of(appid) for appid in self._appids])
        return [
            (appid, int(fields["g"]), fields["t"])
            for appid, fields in zip(self._appids, found, strict=True)
            if fields.get("t")
        ]
