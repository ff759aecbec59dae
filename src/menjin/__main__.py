"""`menjin` and `python -m menjin`: the command, or what to install for it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without the packages it needs, say how to get them and end with 2."""
    try:
        from menjin.cli import main as run  # noqa: PLC0415 - what it needs may not be installed
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "menjin":
            raise
        told = f"the command needs more than the library: pip install 'menjin[service]' ({error.name} is missing)"
        print(f"menjin: {told} 命令行与服务需要安装 menjin[service]", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
