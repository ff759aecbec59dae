"""The world as a whole: clock, settings, faults, journal, a fresh start."""

from __future__ import annotations

import msgspec

from wxsim.control.desk import Order, Wrong, patched, route
from wxsim.faults import FAULT_NAMES, Fault
from wxsim.settings import Settings


class ResetOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a reset."""

    seed: int | None = None
    settings: dict[str, object] = {}


@route("POST", "reset")
def reset(order: Order) -> object:
    """Begin the world anew; the clock goes on, settings return to their defaults."""
    wish, state = order.read(ResetOrder), order.state
    state.settings = patched(Settings, Settings(), wish.settings)
    state.begin(state.dice.seed if wish.seed is None else wish.seed)
    return {"seed": state.dice.seed, "now": state.clock.now()}


@route("GET", "clock")
def read_clock(order: Order) -> object:
    """Tell the time."""
    clock = order.state.clock
    return {"now": clock.now(), "frozen": clock.frozen}


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an order to the clock."""

    advance: float = 0.0
    set: float | None = None
    frozen: bool | None = None


@route("POST", "clock")
def turn_clock(order: Order) -> object:
    """Put the clock forward by ``advance`` or to ``set``; ``frozen`` stops it."""
    wish, clock = order.read(ClockOrder), order.state.clock
    if wish.frozen is not None:
        (clock.freeze if wish.frozen else clock.run)()
    try:
        clock.advance(wish.advance)
        if wish.set is not None:
            clock.set(wish.set)
    except ValueError as error:
        raise Wrong(str(error)) from error
    return {"now": clock.now(), "frozen": clock.frozen}


@route("GET", "settings")
def read_settings(order: Order) -> object:
    """List every setting with its value."""
    return order.state.settings


@route("POST", "settings")
def change_settings(order: Order) -> object:
    """Change the settings given; FIDELITY.md explains each."""
    order.state.settings = patched(Settings, order.state.settings, order.fields())
    return order.state.settings


@route("GET", "faults")
def list_faults(order: Order) -> object:
    """List the faults in force and the names there are."""
    return {"faults": order.state.faults.active, "names": FAULT_NAMES}


@route("POST", "faults")
def add_fault(order: Order) -> object:
    """Put a fault in force."""
    return order.state.faults.add(order.read(Fault))


@route("DELETE", "faults")
def remove_faults(order: Order) -> object:
    """Take one fault (``/_sim/faults/{id}``) or all of them out of force."""
    number = order.rest[0] if order.rest else "0"
    if not number.isdigit():
        detail = "a fault is named by its id"
        raise Wrong(detail)
    order.state.faults.remove(int(number))
    return {"faults": order.state.faults.active}


@route("GET", "journal")
def read_journal(order: Order) -> object:
    """Show the journal, newest last; ``since``, ``door`` and ``path`` select."""
    query = order.request.query
    found = order.state.journal.find(order.whole("since"), query.get("door", ""), query.get("path", ""))
    return {"entries": [entry.readable() for entry in found]}


@route("GET", "memory")
def memory(order: Order) -> object:
    """Count what the world remembers."""
    state = order.state
    return {
        "people": len(state.people),
        "codes": {kind: len(shelf) for kind, shelf in state.codes.shelves.items()},
        "access_tokens": len(state.tokens.known),
        "session_keys": len(state.session_keys.keys),
        "journal": len(state.journal.entries),
    }
