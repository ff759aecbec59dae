"""CONTROL: an endpoint that opens encrypted phone numbers as many write it, and so tells what went wrong.

It answers otherwise to bad padding than to bad JSON, knows no schema, and lets one try as often as one likes.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncIterator

from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

import wxsim
from support.fleet import APPID


class LeakyEndpoint:
    """Serves `POST /{person}` with {"encrypted_data", "iv"}; it takes whoever's key WeChat holds.

    Attributes:
        requests: How many came.
    """

    def __init__(self, world: wxsim.World) -> None:
        self._world = world
        self.requests = 0

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.json()
        key = self._world.session_keys.keys[f"{APPID}/{request.match_info['person']}"].value
        cipher = Cipher(AES(base64.b64decode(key)), CBC(base64.b64decode(body["iv"]))).decryptor()
        padded = cipher.update(base64.b64decode(body["encrypted_data"])) + cipher.finalize()
        count = padded[-1]
        if not 1 <= count <= len(padded) or padded[-count:] != bytes([count]) * count:
            return web.json_response({"error": "decrypt failed"}, status=400)
        try:
            payload = json.loads(padded[:-count].decode(errors="replace"), strict=False)
            if payload["watermark"]["appid"] != APPID:
                return web.json_response({"error": "watermark"}, status=400)
            return web.json_response({"phone": payload["phoneNumber"]})
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": "bad data"}, status=400)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback; yield the base URL."""
        app = web.Application()
        app.router.add_post("/{person}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield str(runner.addresses and f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()
