"""wxsim: a WeChat that runs on a laptop, true in behaviour.

>>> from wxsim import World
>>> world = World()
>>> code = world.phone("ming").login()["code"]
>>> sorted(world.exchange(code))
['openid', 'session_key']

Nothing here talks to WeChat; nobody in it is real.
"""

from wxsim.asgi import create_app
from wxsim.clock import Clock
from wxsim.faults import FAULT_NAMES, Fault
from wxsim.models import App, Device, Person, PhoneNumber, Profile
from wxsim.rules import Rules
from wxsim.serving import Served, serve
from wxsim.settings import Settings
from wxsim.state import FIRST_APPID, FIRST_SECRET, Unknown
from wxsim.wire import Delivery, Request, Response
from wxsim.world import Phone, World

__all__ = [
    "FAULT_NAMES",
    "FIRST_APPID",
    "FIRST_SECRET",
    "App",
    "Clock",
    "Delivery",
    "Device",
    "Fault",
    "Person",
    "Phone",
    "PhoneNumber",
    "Profile",
    "Request",
    "Response",
    "Rules",
    "Served",
    "Settings",
    "Unknown",
    "World",
    "create_app",
    "serve",
]
