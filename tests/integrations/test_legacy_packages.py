"""Tencent's own client packages, unmodified, in Node.js, against our middlewares and a simulated phone.

weapp-session-client was never published on npm; its protocol is tested by a client written anew.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

import wxsim
from menjin.integrations.legacy import Wafer, Wafer2
from menjin.integrations.legacy.asgi import AsgiApp
from support.legacy import Legacy, open_legacy

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "legacy-clients"
PHONE = Path(__file__).parent / "packages" / "phone.cjs"
PACKAGES = {"wafer-client-sdk": "0.8.4", "wafer2-client-sdk": "2.1.0"}
NICKNAME = "小明"


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder that holds the packages; brought by npm the first time."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js or npm is not installed")
    folder = CACHE / "node_modules"
    missing = [f"{name}@{version}" for name, version in PACKAGES.items() if not _has(folder / name, version)]
    if missing:
        CACHE.mkdir(parents=True, exist_ok=True)
        flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock")
        command = ["npm", "install", *flags, "--prefix", str(CACHE), *missing]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if ran.returncode:
            pytest.skip("npm could not bring Tencent's packages")
    return folder


def _has(folder: Path, version: str) -> bool:
    manifest = folder / "package.json"
    return manifest.exists() and json.loads(manifest.read_text("utf-8"))["version"] == version


@contextmanager
def serve(app: AsgiApp, loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """Serve an app from a thread that runs `loop`."""
    bound = wxsim.serving.listen()
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve([bound])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def run_package(folder: Path, mount: Callable[[Legacy], AsgiApp], scratch: Path) -> tuple[dict[str, Any], int]:
    """Run a package's scenario; return its steps, and how many codes went to WeChat."""
    loop = asyncio.new_event_loop()
    context = open_legacy("memory", scratch)
    legacy = loop.run_until_complete(context.__aenter__())
    try:
        legacy.world.change_person("ming", profile={"nick_name": NICKNAME})
        with wxsim.serve(legacy.world) as simulator, serve(mount(legacy), loop) as app_url:
            phone_url = f"{simulator.url}/_wx/{legacy.appid}/ming"
            command = ["node", str(PHONE), str(folder), phone_url, app_url]
            ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)
        assert ran.returncode == 0, ran.stderr
        steps = [json.loads(line) for line in ran.stdout.splitlines()]
        return {step.pop("step"): step for step in steps}, legacy.calls()
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


def test_wafer_client_sdk_runs_unmodified(packages: Path, tmp_path: Path) -> None:
    """It logs in, is known, recovers from a dead skey by one login, and reuses what it stored."""
    steps, calls = run_package(packages / "wafer-client-sdk", lambda legacy: legacy.mount(Wafer), tmp_path)
    assert steps["login"]["ok"], steps
    assert steps["login"]["value"]["nickName"] == NICKNAME
    stored = steps["login"]["stored"]
    assert stored["skey"].startswith("mjs_")
    assert steps["request"]["value"]["session_id"] == stored["id"]
    assert steps["request"]["value"]["wx"]["nickName"] == NICKNAME
    recovered = steps["after a dead skey"]
    assert recovered["value"]["session_id"] == recovered["stored"]["id"] != stored["id"]
    assert steps["request with login"]["stored"] == recovered["stored"]
    assert steps["after clearSession"]["value"]["session_id"] == steps["after clearSession"]["stored"]["id"]
    assert calls == 3


def test_wafer2_client_sdk_runs_unmodified(packages: Path, tmp_path: Path) -> None:
    """It logs in with user info, is known, and from then on logs in by code alone whenever it has to."""
    steps, calls = run_package(packages / "wafer2-client-sdk", lambda legacy: legacy.mount(Wafer2), tmp_path)
    assert steps["login"]["ok"], steps
    assert steps["login"]["value"]["nickName"] == NICKNAME
    assert steps["request"]["value"]["wx"] == steps["login"]["value"]
    recovered = steps["after a dead skey"]
    assert recovered["value"]["wx"]["openId"] == steps["login"]["value"]["openId"]
    assert recovered["stored"]["skey"].startswith("mjs_")
    assert steps["request with login"]["stored"]["skey"] != recovered["stored"]["skey"]
    assert steps["after clearSession"]["ok"]
    assert calls == 4
