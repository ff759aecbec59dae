"""A world in a file: saved when the server ends, taken up when it starts again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from wxsim.clock import Clock
from wxsim.faults import Fault
from wxsim.models import (
    App,
    Code,
    EncryptKey,
    Grant,
    Payment,
    Person,
    PhoneCall,
    SealedMessage,
    SessionKey,
    Token,
)
from wxsim.settings import Settings
from wxsim.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from wxsim.shelf import Shelf

Value = TypeVar("Value")
VERSION = 1


class Saved(msgspec.Struct, kw_only=True):
    """Everything a world remembers, but for its journal."""

    version: int = VERSION
    seed: int
    ahead: float
    settings: Settings
    counts: dict[str, int]
    people: dict[str, Person]
    apps: dict[str, App]
    codes: dict[str, list[tuple[str, Code, float]]]
    session_keys: dict[str, SessionKey]
    tokens: list[tuple[str, Token, float]]
    newest_tokens: dict[str, str]
    forced_tokens: dict[str, tuple[float, int, int]]
    quotas: dict[str, tuple[int, int]]
    grants: dict[str, Grant]
    payments: list[tuple[str, Payment, float]]
    phone_calls: list[PhoneCall]
    messages: list[tuple[str, SealedMessage, float]]
    user_keys: dict[str, list[EncryptKey]]
    faults: list[Fault]
    journal_seq: int


def save(world: World, path: Path) -> None:
    """Write a world to a file in one piece, so that no half of it is ever seen."""
    kept = Saved(
        seed=world.dice.seed,
        ahead=world.clock.now() - Clock().now(),
        settings=world.settings,
        counts=world.dice.counts,
        people=world.people,
        apps=world.apps,
        codes={kind: shelf.entries() for kind, shelf in world.codes.shelves.items()},
        session_keys=world.session_keys.keys,
        tokens=world.tokens.known.entries(),
        newest_tokens=world.tokens.newest,
        forced_tokens=world.tokens.forced,
        quotas=world.quotas.counts,
        grants=world.consent.grants,
        payments=world.payments.known.entries(),
        phone_calls=list(world.phone_ledger.lines),
        messages=world.open_messages.known.entries(),
        user_keys=world.user_keys.keys,
        faults=world.faults.active,
        journal_seq=world.journal.seq,
    )
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(msgspec.json.encode(kept))
    os.replace(beside, path)  # noqa: PTH105 - the atomic one, by name


def load(path: Path) -> World:
    """Return the world that a file holds.

    The clock goes on as far ahead of the machine's as it was.

    Raises:
        ValueError: the file is no saved world of this version.
    """
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Saved)
    except msgspec.DecodeError as error:
        message = f"{path} is no saved world: {error}"
        raise ValueError(message) from error
    if kept.version != VERSION:
        message = f"{path} was saved by another version of wxsim"
        raise ValueError(message)
    clock = Clock()
    world = World(kept.settings, clock=Clock(clock.now() + kept.ahead), seed=kept.seed)
    _fill(world, kept)
    return world


def _fill(world: World, kept: Saved) -> None:
    world.restore_people(kept.people)
    world.apps = kept.apps
    world.dice.counts = kept.counts
    for kind, entries in kept.codes.items():
        _refill(world.codes.shelves[kind], entries)
    world.session_keys.keys = kept.session_keys
    world.tokens.load(kept.tokens)
    world.tokens.newest, world.tokens.forced = kept.newest_tokens, kept.forced_tokens
    world.quotas.counts, world.consent.grants = kept.quotas, kept.grants
    _refill(world.payments.known, kept.payments)
    world.phone_ledger.lines.extend(kept.phone_calls)
    _refill(world.open_messages.known, kept.messages)
    world.user_keys.keys = kept.user_keys
    for fault in kept.faults:
        world.faults.add(fault)
    world.journal.seq = kept.journal_seq


def _refill(shelf: Shelf[Value], entries: list[tuple[str, Value, float]]) -> None:
    for key, value, until in entries:
        shelf.put(key, value, until)
