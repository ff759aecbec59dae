"""Writes src/menjin/service/openapi.json, which the service serves, from contract/openapi.yaml.

`--check` writes nothing and fails when the two differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

SOURCE = Path(__file__).with_name("openapi.yaml")
TARGET = SOURCE.parent.parent / "src/menjin/service/openapi.json"


def main() -> int:
    """Build or check; return the exit status."""
    built = json.dumps(yaml.safe_load(SOURCE.read_text("utf-8")), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text("utf-8") == built:
            return 0
        print(f"{TARGET.name} is not what {SOURCE.name} says: run python contract/build.py", file=sys.stderr)
        return 1
    TARGET.write_text(built, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
