"""wxsim's memory stays flat over 1,000,000 login codes."""

from __future__ import annotations

import sys

from wxsim.soak import soak


def say(line: str) -> None:
    """Print progress at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it; 1 if memory grew by a tenth."""
    grown = soak(1_000_000, say)
    say(f"memory at the end is {grown:.3f} times that after the first fifth")
    return 0 if grown < 1.1 else 1


if __name__ == "__main__":
    sys.exit(main())
