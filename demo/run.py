"""scripts/demo: menjin and a simulated WeChat, in one process, with nothing but Python."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

from opening import open_house
from places import HOLDERS, MEMBER, PASSWORD, House, Ports, PortUnavailable

HIGHEST_PORT = 65535


def main() -> int:
    """Run the demo; return the exit status."""
    options = read_options()
    logging.getLogger("menjin").setLevel(logging.ERROR)  # advice for production is noise here
    try:
        return asyncio.run(walk(options) if options.walk else show(options))
    except (PortUnavailable, OSError) as error:
        print(f"menjin demo: {error}", file=sys.stderr)
        return 1


def read_port(text: str) -> int:
    """Return a port.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text[:6]) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: a port is 0 to {HIGHEST_PORT} 端口应为 0 到 {HIGHEST_PORT}")
    return int(text)


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=read_port, help="menjin's port (8700; 0 takes a free one)")
    parser.add_argument("--wechat-port", type=read_port, help="the simulated WeChat's port (8701; 0 takes a free one)")
    parser.add_argument("--page-port", type=read_port, help="the page's port (8703; 0 takes a free one)")
    parser.add_argument("--shop-port", type=read_port, help="the shop's port (8704; 0 takes a free one)")
    parser.add_argument("--walk", action="store_true", help="perform one login, print every hop, and end")
    parser.add_argument(
        "--app-mode",
        choices=("bound", "open"),
        default="bound",
        help="bound: a login needs a member account; open: not",
    )
    options = parser.parse_args()
    options.ports = read_ports(options)
    return options


def read_ports(options: argparse.Namespace) -> Ports:
    """Return the ports: what is told; else free ones for a walk or beside a free menjin, else the usual ones."""
    usual = Ports(0, 0, 0, 0) if options.walk else Ports()
    others = Ports(0, 0, 0, 0) if options.walk or options.port is not None else usual
    return Ports(
        usual.menjin if options.port is None else options.port,
        usual.wechat if options.wechat_port is None else options.wechat_port,
        others.page if options.page_port is None else options.page_port,
        others.shop if options.shop_port is None else options.shop_port,
    )


async def walk(options: argparse.Namespace) -> int:
    """Perform the journey."""
    import aiohttp  # noqa: PLC0415 - only this needs it, and the page should not wait for it

    from walk import Walk, WalkFailed  # noqa: PLC0415 - likewise

    async with (
        open_house(options.ports, options.app_mode) as house,
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
    async with open_house(options.ports, options.app_mode, greet) as house:
        tell_more(house)
        await stop.wait()
    return 0


def greet(house: House) -> None:
    """Print where the phone is."""
    print(f"menjin 门禁  打开手机 open the phone: {house.page}/", flush=True)


def tell_more(house: House) -> None:
    """Print the members, and the login as curl lines."""
    from page import curl_lines  # noqa: PLC0415 - loaded with the house, after the page is served

    print("会员 members:", "    ".join(f"{name} / {password}" for name, (_, _, password) in HOLDERS.items()), "\n")
    print(f"menjin: {house.menjin}/    模拟的微信 simulated WeChat: {house.wechat}/")
    print(f"会员 member: {MEMBER} / {PASSWORD}    Ctrl-C 结束 ends it\n")
    print(curl_lines(house.menjin, house.wechat, MEMBER, PASSWORD), flush=True)


if __name__ == "__main__":
    sys.exit(main())
