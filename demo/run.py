"""scripts/demo: menjin and a simulated WeChat, in one process, with nothing but Python."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

import aiohttp

from house import MEMBER, PASSWORD, House, open_house
from page import curl_lines
from walk import Walk, WalkFailed


def main() -> int:
    """Run the demo; return the exit status."""
    options = read_options()
    logging.getLogger("menjin").setLevel(logging.ERROR)  # advice for production is noise here
    try:
        return asyncio.run(walk(options) if options.walk else show(options))
    except OSError as error:
        print(f"menjin demo: {error}. 端口被占用？试试 --port 0 --wechat-port 0", file=sys.stderr)
        return 1


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, help="menjin's port (8700; 0 takes a free one)")
    parser.add_argument("--wechat-port", type=int, help="the simulated WeChat's port (8701; 0 takes a free one)")
    parser.add_argument("--walk", action="store_true", help="perform one login, print every hop, and end")
    parser.add_argument(
        "--app-mode",
        choices=("bound", "open"),
        default="bound",
        help="bound: a login needs a member account; open: not",
    )
    options = parser.parse_args()
    free = 0 if options.walk else None
    options.port = next(port for port in (options.port, free, 8700) if port is not None)
    options.wechat_port = next(port for port in (options.wechat_port, free, 8701) if port is not None)
    return options


async def walk(options: argparse.Namespace) -> int:
    """Perform the journey."""
    async with (
        open_house(options.port, options.wechat_port, options.app_mode) as house,
        aiohttp.ClientSession() as http,
    ):
        try:
            await Walk(http, house).run()
        except WalkFailed as error:
            print(f"\nmenjin demo: {error}", file=sys.stderr)
            return 1
    print("\n走完了 The journey is complete.")
    return 0


async def show(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with open_house(options.port, options.wechat_port, options.app_mode) as house:
        greet(house)
        await stop.wait()
    return 0


def greet(house: House) -> None:
    """Print the URL, and the login as curl lines."""
    print(f"menjin 门禁  {house.menjin}/    （模拟的微信 simulated WeChat: {house.wechat}/）")
    print(f"会员 member: {MEMBER} / {PASSWORD}    Ctrl-C 结束 ends it\n")
    print(curl_lines(house.menjin, house.wechat, MEMBER, PASSWORD), flush=True)


if __name__ == "__main__":
    sys.exit(main())
