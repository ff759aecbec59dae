"""SDKs that nobody here wrote, unchanged but for the address they call, as clients of the centre through a renewal.

WeChat's own paths but for the two of the token go to WeChat, as behind the proxy of docs/access-tokens.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.test_clients import CACHE, install
from support.internal import APPID, Internal, serve_internal
from support.servers import NginxServer

RENEWED_SECONDS = 20.0
DOCS = Path(__file__).parents[2] / "docs"

WECHATPY = """
import json, sys
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient

centre, wechat, appid, secret = sys.argv[1:]

class Elsewhere(HTTPAdapter):
    def send(self, request, **kwargs):
        to = centre if request.url.startswith("https://api.weixin.qq.com/cgi-bin/token") else wechat
        request.url = request.url.replace("https://api.weixin.qq.com", to)
        return super().send(request, **kwargs)

client = WeChatClient(appid, secret)
client._http.mount("https://api.weixin.qq.com", Elsewhere())
for line in sys.stdin:
    if line.strip() == "expire":
        client.session.set(f"{client.appid}_access_token", client.access_token, -1)
        client.expires_at = 1
    addresses = client.misc.get_wechat_ips()
    print(json.dumps({"addresses": addresses, "token": client.session.get(f"{client.appid}_access_token")}), flush=True)
"""
CO_WECHAT_API = """
const API = require("co-wechat-api");
const [centre, wechat, appid, secret] = process.argv.slice(2);
const api = new API(appid, secret);
const rest = api.prefix.replace("https://api.weixin.qq.com", wechat);
const fetchToken = api.getAccessToken;
api.getAccessToken = async function () {
  this.prefix = rest.replace(wechat, centre);
  try { return await fetchToken.call(this); } finally { this.prefix = rest; }
};
api.prefix = rest;
require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  if (line.trim() === "expire") api.store = { accessToken: api.store && api.store.accessToken, expireTime: 1 };
  try {
    const addresses = await api.getIp();
    console.log(JSON.stringify({ addresses, token: api.store.accessToken }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, code: error.code }));
  }
});
"""


class Sdk:
    """An SDK at work in a process of its own: one line in, one call to WeChat, one line out."""

    def __init__(self, command: list[str], folder: Path) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True)

    def call(self, word: str = "call") -> dict[str, Any]:
        """Have it call WeChat; after `expire` it takes its token for old."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the SDK ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[Internal]:
    """Both listeners, with WeChat's shape."""
    with serve_internal(tmp_path, wechat_compatible=True) as found:
        yield found


def works_through_a_renewal(internal: Internal, sdk: Sdk) -> None:
    """Fail unless the SDK's every call is taken by WeChat: before a renewal, just after it, and with the next token."""
    try:
        first = sdk.call()
        assert first["addresses"]
        assert internal.is_good(first["token"])
        internal.world.clock.advance(7200 - 170)  # the jitter puts a renewal off until 180 s before the end at most
        credential = internal.credential("watcher")
        wait_for_generation(internal, credential, 2)
        assert sdk.call()["token"] == first["token"]
        assert sdk.call()["addresses"], "the old token is good for five minutes"
        second = sdk.call("expire")
        assert second["addresses"]
        assert second["token"] != first["token"]
        assert internal.read(credential)["access_token"] == second["token"]
        assert internal.upstream().count("/cgi-bin/stable_token") == 2
        assert [name for name, *_ in internal.audited].count("sdk") == 2
    finally:
        sdk.close()


def wait_for_generation(internal: Internal, credential: str, generation: int) -> None:
    """Read until the centre has renewed in the background."""
    until = time.monotonic() + RENEWED_SECONDS  # noqa: TID251 - a background task of a real service, real time
    while internal.read(credential)["generation"] != generation:
        assert time.monotonic() < until, "not renewed"  # noqa: TID251 - the same
        time.sleep(0.02)


def bring_wechatpy() -> tuple[Path, str]:
    """Install it once; return its folder and its Python."""
    folder = CACHE / "wechatpy-1.8.18"
    python = str(folder / "bin" / "python")
    wanted = ["wechatpy==1.8.18", "cryptography"]
    install(folder, [sys.executable, "-m", "venv", "."], [python, "-m", "pip", "install", "--quiet", *wanted])
    return folder, python


def test_wechatpy_works_through_a_renewal(internal: Internal) -> None:
    """Its every call is taken; it never sees the AppSecret, and two tokens cost two calls."""
    folder, python = bring_wechatpy()
    secret = internal.credential("sdk")
    works_through_a_renewal(
        internal, Sdk([python, "-c", WECHATPY, internal.url, internal.wechat.url, APPID, secret], folder)
    )


@pytest.mark.servers
def test_an_sdk_that_knows_one_address_works_through_a_proxy(internal: Internal) -> None:
    """Behind nginx as docs/access-tokens.md has it: the token's two paths to the centre, the others to WeChat."""
    folder, python = bring_wechatpy()
    parted = (DOCS / "access-tokens.md").read_text("utf-8").partition("```nginx")[2].partition("```")[0]
    assert "http://127.0.0.1:8702" in parted
    here = parted.replace("http://127.0.0.1:8702", internal.url).replace(
        "https://api.weixin.qq.com", internal.wechat.url
    )
    proxy = NginxServer(here)
    try:
        secret = internal.credential("sdk")
        works_through_a_renewal(internal, Sdk([python, "-c", WECHATPY, proxy.url, proxy.url, APPID, secret], folder))
    finally:
        proxy.remove()


def test_co_wechat_api_works_through_a_renewal(internal: Internal) -> None:
    """The same in Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no node on this machine")
    folder = CACHE / "co-wechat-api-3.11.0"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]
    install(folder, [npm, "install", *quiet, "co-wechat-api@3.11.0"])
    secret = internal.credential("sdk")
    (folder / "centre.js").write_text(CO_WECHAT_API)
    works_through_a_renewal(
        internal, Sdk([node, "centre.js", internal.url, internal.wechat.url, APPID, secret], folder)
    )
