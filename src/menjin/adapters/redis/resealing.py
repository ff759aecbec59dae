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
        """See that every token has its key in the ring, and that the key opens it.

        Raises:
            ConfigurationError: One has not, or its bytes are others.
            StoreUnavailable: Redis cannot be asked.
        """
        faults: set[str] = set()
        for appid, generation, sealed in await self._read():
            name = read_key_id(sealed)
            if name not in self._vault.key_ids:
                faults.add(f"{name} is missing, and sealed an access_token in Redis 缺少密钥，Redis 中的凭据由它封存")
            elif self._open(appid, generation, sealed) is None:
                faults.add(
                    f"{name} does not open what it sealed in Redis; put the former bytes back 密钥与已封存数据不符"
                )
        if faults:
            raise ConfigurationError([Fault("vault.keys", told) for told in sorted(faults)])

    async def reseal(self) -> int:
        """Seal anew with the active key what another one sealed; return how many.

        Raises:
            StoreUnavailable: Some were sealed, the rest were not.
        """
        done = 0
        for appid, generation, sealed in await self._read():
            plain = None if read_key_id(sealed) == self._vault.active else self._open(appid, generation, sealed)
            if plain is not None:
                fresh = self._vault.seal(plain, place_of(appid, generation))
                done += await self._commands.run(_REPLACE, key_of(appid), sealed, fresh)
        return done

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

    def _open(self, appid: AppId, generation: int, sealed: str) -> bytes | None:
        try:
            return self._vault.open(sealed, place_of(appid, generation))
        except ValueError:
            return None
