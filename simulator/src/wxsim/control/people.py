"""People, their devices and what they decide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from wxsim.control.desk import Order, Wrong, patched, route
from wxsim.models import Device, Person, PhoneNumber, Profile

if TYPE_CHECKING:
    from wxsim.state import State

NAME = re.compile(r"[\w.-]{1,64}")
MOST = 1_000_000
HIDDEN = ("storage", "cache_lists", "cached")


def view(state: State, person: Person) -> dict[str, object]:
    """Return a person as control shows it, with the ids in every app."""
    shown: dict[str, object] = msgspec.to_builtins(person)
    shown["devices"] = {name: _device(device) for name, device in person.devices.items()}
    shown["apps"] = {
        app.appid: {
            "openid": state.identities.openid(app.appid, person.name),
            "unionid": state.unionid(app, person.name),
        }
        for app in state.apps.values()
    }
    return shown


def _device(device: Device) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(device)
    return {name: value for name, value in fields.items() if name not in HIDDEN}


@route("GET", "people")
def list_people(order: Order) -> object:
    """List everybody, or show one person."""
    if order.rest:
        return view(order.state, order.state.person(order.rest[0]))
    return {"people": [view(order.state, person) for person in order.state.people.values()]}


@route("POST", "people")
def put_person(order: Order) -> object:
    """Add somebody, or change the fields given; ``count`` adds a crowd at once."""
    if len(order.rest) > 1:
        return _delete_app(order)
    fields = order.fields()
    name = order.rest[0] if order.rest else fields.pop("name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        detail = "a person needs a name of 1 to 64 letters, digits, _ . or -"
        raise Wrong(detail)
    count = fields.pop("count", None)
    if count is None:
        return view(order.state, change(order.state, name, fields))
    if not isinstance(count, int) or not 0 < count <= MOST:
        detail = f"count must be 1 to {MOST}"
        raise Wrong(detail)
    for number in range(1, count + 1):
        change(order.state, f"{name}{number}", _numbered(fields, number))
    return {"first": f"{name}1", "last": f"{name}{count}", "count": count}


def _numbered(fields: dict[str, object], number: int) -> dict[str, object]:
    """Return the fields of one of a crowd: ``#`` in a phone number counts."""
    phone = fields.get("phone")
    if not isinstance(phone, str) or "#" not in phone:
        return fields
    first, last = phone.index("#"), phone.rindex("#") + 1
    return {**fields, "phone": f"{phone[:first]}{number:0{last - first}d}{phone[last:]}"}


def change(state: State, name: str, fields: dict[str, object]) -> Person:
    """Add a person, or lay fields over one."""
    old = state.people.get(name) or Person(name, profile=Profile(name))
    fields = dict(fields)
    phone_given = "phone" in fields
    phone = _phone(fields.pop("phone", None))
    devices = fields.pop("devices", {})
    person = patched(Person, old, fields)
    person.name, person.devices = name, old.devices
    if isinstance(devices, dict):
        for device, patch in devices.items():
            person.devices[device] = _changed_device(state.device(person, device), patch)
    state.people[name] = person
    if phone_given:
        state.set_phone(person, phone)
    return person


def _changed_device(device: Device, patch: object) -> Device:
    if not isinstance(patch, dict):
        detail = "a device is an object"
        raise Wrong(detail)
    changed = patched(Device, device, patch)
    changed.name = device.name
    return changed


def _phone(given: object) -> PhoneNumber | None:
    if given is None:
        return None
    try:
        return msgspec.convert({"number": given} if isinstance(given, str) else given, PhoneNumber)
    except msgspec.ValidationError as error:
        raise Wrong(str(error)) from error


@route("DELETE", "people")
def remove_person(order: Order) -> object:
    """Let somebody leave WeChat."""
    name = order.rest[0] if order.rest else ""
    order.state.person(name)
    del order.state.people[name]
    return {"removed": name}


class AppName(msgspec.Struct, forbid_unknown_fields=True):
    """The body of delete-app."""

    appid: str


def _delete_app(order: Order) -> object:
    """Let somebody delete a mini program: decisions and storage are gone."""
    name, verb = order.rest[:2]
    if verb != "delete-app":
        detail = f"nothing called {verb!r}; there is delete-app"
        raise Wrong(detail, 404)
    person, appid = order.state.person(name), order.read(AppName).appid
    order.state.consent.forget(appid, person.name)
    for device in person.devices.values():
        device.storage.pop(appid, None)
        device.cache_lists.pop(appid, None)
    return {"deleted": appid}
