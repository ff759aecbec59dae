"""Clients that nobody here wrote, unchanged but for the address they call.

Each is installed for itself in a folder that git ignores, so that nothing of it
meets the project. Without a package index they are skipped, except in CI.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wxsim import FIRST_APPID, FIRST_SECRET, Served, World, serve

CACHE = Path(__file__).parents[2] / ".cache" / "wxsim-clients"
MINUTES = 240

WECHATPY = """
import json, sys
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.exceptions import WeChatClientException

url, appid, secret, code, sealed, iv, transaction, phone_code = sys.argv[1:]

class Elsewhere(HTTPAdapter):
    def send(self, request, **kwargs):
        request.url = request.url.replace("https://api.weixin.qq.com", url)
        return super().send(request, **kwargs)

client = WeChatClient(appid, secret)
client._http.mount("https://api.weixin.qq.com", Elsewhere())
session = client.wxa.code_to_session(code)
try:
    client.wxa.code_to_session(code)
    second = 0
except WeChatClientException as error:
    second = error.errcode
phone = WeChatWxaCrypto(session["session_key"], iv, appid).decrypt_message(sealed)
unionid = client.wxa.get_paid_unionid(session["openid"], transaction_id=transaction)
first_token = client.access_token
client.fetch_access_token()
by_code = client.post("https://api.weixin.qq.com/wxa/business/getuserphonenumber", data={"code": phone_code})
print(json.dumps({
    "session": session, "second": second, "phone": phone, "unionid": unionid,
    "tokens": [first_token, client.access_token], "addresses": client.misc.get_wechat_ips(), "by_code": by_code,
}))
"""

CO_WECHAT_API = """
const API = require("co-wechat-api");
const [url, appid, secret, code] = process.argv.slice(2);
const api = new API(appid, secret);
for (const name of ["prefix", "snsPrefix", "wxaPrefix"]) {
  api[name] = api[name].replace("https://api.weixin.qq.com", url);
}
(async () => {
  const session = await api.code2Session(code).catch((error) => ({ error: error.message }));
  const second = await api.code2Session(code).catch((error) => error.code);
  const token = await api.ensureAccessToken();
  const addresses = await api.getIp();
  const older = token.accessToken;
  api.store.accessToken = "10_" + "x".repeat(40); // a token WeChat has never heard of: the client must renew
  const again = await api.getIp();
  console.log(JSON.stringify({ session, second, older, newer: api.store.accessToken, addresses, again }));
})();
"""


def install(folder: Path, *commands: list[str]) -> None:
    """Run the install commands once; skip where there is no package index.

    The folder counts as installed only when all commands are through. Of two test workers one waits.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install_in_turn(folder, *commands)


def _install_in_turn(folder: Path, *commands: list[str]) -> None:
    done = folder / ".installed"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in commands:
        ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=MINUTES, check=False)
        if ran.returncode != 0:
            # Only CI promises a network; the reason is shown in both cases.
            outcome = pytest.fail if os.environ.get("CI") else pytest.skip  # noqa: TID251 - asks where it runs
            outcome(f"cannot install: {ran.stderr[-400:]}")
    done.touch()


def run(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a client and return the JSON it prints."""
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


@pytest.fixture
def served() -> Any:  # noqa: ANN401 - a generator of Served
    """A world whose app is bound to an Open Platform account."""
    world = World()
    world.bind_open_platform("op1")
    with serve(world) as found:
        yield found


def test_wechatpy(served: Served) -> None:
    """Wechatpy logs in, is refused a used code, decrypts a number, renews its token, asks for a payer."""
    folder = CACHE / "wechatpy-1.8.18"
    python = str(folder / "bin" / "python")
    wanted = ["wechatpy==1.8.18", "cryptography"]
    install(folder, [sys.executable, "-m", "venv", "."], [python, "-m", "pip", "install", "--quiet", *wanted])
    phone = served.world.phone("ming")
    code, tapped = phone.login()["code"], phone.getPhoneNumber(tap=True)
    paid = served.world.pay("ming").transaction_id
    values = [code, tapped["encryptedData"], tapped["iv"], paid, tapped["code"]]
    answer = run([python, "-c", WECHATPY, served.url, FIRST_APPID, FIRST_SECRET, *values], folder)
    world = served.world
    assert answer["session"]["openid"] == world.identities.openid(FIRST_APPID, "ming")
    assert answer["session"]["unionid"] == answer["unionid"] == world.identities.unionid("op1", "ming")
    assert answer["second"] == 40163
    assert answer["phone"]["purePhoneNumber"] == "13800138000"
    assert answer["by_code"]["phone_info"]["phoneNumber"] == "13800138000"
    assert answer["tokens"][0] != answer["tokens"][1]
    assert answer["addresses"]


def test_co_wechat_api(served: Served) -> None:
    """co-wechat-api logs in, is refused a used code, and renews a token that WeChat refuses."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no node on this machine")
    folder = CACHE / "co-wechat-api-3.11.0"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]
    install(folder, [npm, "install", *quiet, "co-wechat-api@3.11.0"])
    code = served.world.phone("ming").login()["code"]
    (folder / "login.js").write_text(CO_WECHAT_API)
    answer = run([node, "login.js", served.url, FIRST_APPID, FIRST_SECRET, code], folder)
    assert answer["session"]["openid"] == served.world.identities.openid(FIRST_APPID, "ming")
    assert answer["second"] == 40163
    assert answer["addresses"] == answer["again"]
    assert answer["newer"] not in {answer["older"], "10_" + "x" * 40}
