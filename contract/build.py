"""Writes what the service serves as /openapi.json on each listener, from openapi.yaml and internal.yaml.

internal.yaml takes the parts that both share from openapi.yaml. `--check` writes nothing and fails when they differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SERVED = HERE.parent / "src/menjin/service"
SHARED = {"headers": ("RequestId",), "responses": ("Ok", "Problem"), "schemas": ("Problem",)}


def read_documents() -> dict[str, dict[str, Any]]:
    """Return the documents by the name of the file they are served from."""
    public = yaml.safe_load((HERE / "openapi.yaml").read_text("utf-8"))
    internal = yaml.safe_load((HERE / "internal.yaml").read_text("utf-8"))
    for kind, names in SHARED.items():
        taken = {name: public["components"][kind][name] for name in names}
        internal["components"][kind] = internal["components"].get(kind, {}) | taken
    return {"openapi.json": public, "internal.json": internal}


def main() -> int:
    """Build or check; return the exit status."""
    status = 0
    for name, document in read_documents().items():
        built = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        target = SERVED / name
        if "--check" not in sys.argv[1:]:
            target.write_text(built, "utf-8")
        elif not target.exists() or target.read_text("utf-8") != built:
            print(f"{name} is not what the contract says: run python contract/build.py", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
