"""The access_token store on SQL: one row an app."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from menjin.access_tokens.model import Record
from menjin.adapters.sqlalchemy.database import Database, Work
from menjin.adapters.sqlalchemy.dialects import ascii_text
from menjin.adapters.sqlalchemy.tables import METADATA
from menjin.adapters.token_records import place_of, read_record, seal_token, write_state
from menjin.session_keys.vault import Vault
from menjin.values import AppId

ACCESS_TOKENS = sa.Table(
    "access_tokens",
    METADATA,
    sa.Column("appid", ascii_text(32), primary_key=True),
    sa.Column("tag", ascii_text(32), nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("token_sealed", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
)


class SqlTokens:
    """Keeps records; the token sealed for its app and generation."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.works_without_loop = database.works_without_loop

    async def load(self, appid: AppId) -> Record | None:
        """Return the app's record, or None."""
        async with self._database.reading() as work:
            row = await work.first(sa.select(ACCESS_TOKENS).where(ACCESS_TOKENS.c.appid == appid))
        if row is None:
            return None
        return read_record(appid, row.tag, (row.generation, row.token_sealed, row.state), self._vault)

    async def swap(self, appid: AppId, seen: str | None, record: Record) -> bool:
        """Put `record` in the place of the one whose tag is `seen`."""
        generation, sealed = seal_token(record, self._vault, appid)
        state = write_state(record)
        values = {"tag": record.tag, "generation": generation, "token_sealed": sealed, "state": state}
        same = (ACCESS_TOKENS.c.appid == appid, ACCESS_TOKENS.c.tag == seen)

        async def deed(work: Work) -> bool:
            if seen is None:
                return await work.add_if_new(ACCESS_TOKENS, {"appid": appid, **values})
            return (await work.run(sa.update(ACCESS_TOKENS).where(*same).values(**values))).rowcount == 1

        return await self._database.run(deed)


def place_of_token(row: sa.Row[Any]) -> str:
    """Return the place a row's token is sealed for."""
    return place_of(row.appid, row.generation)
