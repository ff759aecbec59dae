"""Both colours of the library have the same doors: the same names, parameters and results."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

from menjin import AsyncMenjin, Menjin, TaskPause
from support.doors import APP, open_house

INNER = ("accounts", "operator", "clients", "access_tokens")
# The centre's own turns, which a task or thread of the library takes; and `renew`, to which they say why.
NOT_FOR_CALLERS = {"access_tokens": {"step", "current", "renewed", "renew"}}


def shape(thing: object) -> dict[str, Any]:
    """Return the public names of an object with the parameters and the result of each."""
    found: dict[str, Any] = {}
    for name in dir(thing):
        if name.startswith("_"):
            continue
        value = inspect.getattr_static(thing, name)
        if isinstance(value, property):
            found[name] = "property"
        elif inspect.isfunction(value):
            found[name] = inspect.signature(value)
        else:
            found[name] = "attribute"
    return found


def differences(one: object, other: object, skipped: frozenset[str] = frozenset()) -> set[str]:
    """Return the names that only one of two doors has, or that are called otherwise there."""
    first, second = shape(one), shape(other)
    return {name for name in {*first, *second} - skipped if first.get(name) != second.get(name)}


# What a method gives that is itself of a colour.
COLOURED = frozenset({"wechat"})


def test_the_doors_are_alike(tmp_path: Path) -> None:
    """Menjin and AsyncMenjin, and all that hangs on them, differ in `await` alone."""
    sync_house, async_house = open_house("sync", "memory", tmp_path), open_house("async", "memory", tmp_path)
    try:
        menjin, other = sync_house.door._menjin, async_house.door._menjin
        assert isinstance(menjin, Menjin)
        assert isinstance(other, AsyncMenjin)
        assert differences(menjin, other, COLOURED) == set()
        for name in INNER:
            skipped = frozenset(NOT_FOR_CALLERS.get(name, ()))
            assert differences(getattr(menjin, name), getattr(other, name), skipped) == set(), name
        assert differences(menjin.wechat(APP.appid), other.wechat(APP.appid)) == set()
    finally:
        sync_house.door.close()
        async_house.door.close()


class Lame:
    """A door without most of the deeds, and with one that is called otherwise."""

    def ping(self, times: int) -> None:
        """Do nothing."""


def test_control_a_door_that_lacks_a_deed(tmp_path: Path) -> None:
    """CONTROL: a missing deed, and one with other parameters, are seen."""
    house = open_house("async", "memory", tmp_path)
    try:
        AsyncMenjin(replace(house.parts, pause=TaskPause()))
        assert {"operator", "ping"} <= differences(Lame(), house.door._menjin)
    finally:
        house.door.close()
