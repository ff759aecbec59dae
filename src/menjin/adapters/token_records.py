"""How a record of the access_token centre is kept: the token sealed for its app and generation, the rest as JSON."""

from __future__ import annotations

import logging
from datetime import datetime

import msgspec

from menjin.access_tokens.model import AccessToken, Cause, Lease, Record, Spent, Trouble
from menjin.apps import STABLE, TokenMode
from menjin.clock import from_micros, to_micros
from menjin.session_keys.vault import Vault, read_key_id
from menjin.values import AppId, Secret

_LOG = logging.getLogger("menjin.access_tokens")


class _State(msgspec.Struct, frozen=True):
    """All of a record but its tag and its token's text. Times in microseconds since 1970 UTC."""

    mode: TokenMode
    due_at: int
    obtained_at: int | None
    expires_at: int | None
    lease: tuple[Cause, int, int] | None
    spent: tuple[int, int, int, int, int, int]
    trouble: tuple[int, str | None, int, int, int] | None
    checked_at: int
    last_cause: Cause | None


def place_of(appid: str, generation: int) -> str:
    """Return the place a token is sealed for."""
    return f"access_tokens/{appid}/{generation}"


def seal_token(record: Record, vault: Vault, appid: AppId) -> tuple[int, str | None]:
    """Return the token's generation and its sealed text."""
    if record.token is None:
        return 0, None
    place = place_of(appid, record.token.generation)
    return record.token.generation, vault.seal(record.token.value.reveal().encode(), place)


def write_state(record: Record) -> str:
    """Return all of a record but its tag and token."""
    token, lease, spent, trouble = record.token, record.lease, record.spent, record.trouble
    state = _State(
        mode=record.mode,
        due_at=to_micros(record.due_at),
        obtained_at=to_micros(token.obtained_at) if token is not None else None,
        expires_at=to_micros(token.expires_at) if token is not None else None,
        lease=(lease.cause, to_micros(lease.began_at), to_micros(lease.until)) if lease is not None else None,
        spent=(spent.minute, spent.in_minute, spent.day, spent.in_day, spent.forced, to_micros(spent.forced_at)),
        trouble=_write_trouble(trouble),
        checked_at=to_micros(record.checked_at),
        last_cause=record.last_cause,
    )
    return msgspec.json.encode(state).decode()


def read_record(appid: AppId, tag: str, kept: tuple[int, str | None, str], vault: Vault) -> Record:
    """Return a record; a token that no longer opens is left out, and reported.

    Args:
        appid: Whose.
        tag: The record's.
        kept: Generation and text of `seal_token`, and what `write_state` wrote.
        vault: Opens the token.

    A state that cannot be read counts as an app without any token: the next renewal writes it anew.
    """
    generation, sealed, written = kept
    try:
        state = msgspec.json.decode(written, type=_State)
    except msgspec.DecodeError:
        _LOG.error("a kept access_token record is not readable: app=%s", appid)
        return Record(tag, STABLE)
    minute, in_minute, day, in_day, forced, forced_at = state.spent
    return Record(
        tag=tag,
        mode=state.mode,
        token=_open_token(appid, generation, sealed, state, vault),
        due_at=from_micros(state.due_at),
        lease=Lease(state.lease[0], *_moments(*state.lease[1:])) if state.lease is not None else None,
        spent=Spent(minute, in_minute, day, in_day, forced, from_micros(forced_at)),
        trouble=_read_trouble(state.trouble),
        checked_at=from_micros(state.checked_at),
        last_cause=state.last_cause,
    )


def _open_token(appid: AppId, generation: int, sealed: str | None, state: _State, vault: Vault) -> AccessToken | None:
    if sealed is None or state.obtained_at is None or state.expires_at is None:
        return None
    if read_key_id(sealed) not in vault.key_ids:
        _LOG.error(
            "the vault key %s that sealed a kept access_token is not in the ring; it counts as none: app=%s 缺少密钥",
            read_key_id(sealed),
            appid,
        )
        return None
    try:
        text = vault.open(sealed, place_of(appid, generation)).decode()
    except ValueError:
        _LOG.error("a kept access_token does not open: app=%s", appid)
        return None
    return AccessToken(appid, Secret(text), generation, *_moments(state.obtained_at, state.expires_at))


def _moments(first: int, second: int) -> tuple[datetime, datetime]:
    return from_micros(first), from_micros(second)


def _write_trouble(trouble: Trouble | None) -> tuple[int, str | None, int, int, int] | None:
    if trouble is None:
        return None
    return trouble.errcode, trouble.rid, trouble.failures, to_micros(trouble.since), to_micros(trouble.retry_at)


def _read_trouble(kept: tuple[int, str | None, int, int, int] | None) -> Trouble | None:
    return Trouble(*kept[:3], *_moments(*kept[3:])) if kept is not None else None
