"""Soaks that run on every database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from support.fleet import run_zygote
from support.load import Verdict, run_soak
from support.servers import MariaDbServer, PostgresServer


def run_on_databases(prove: Callable[..., Coroutine[Any, Any, Verdict]], rounds: int) -> int:
    """Run a proof on SQLite, PostgreSQL and MariaDB; return the exit status.

    Args:
        prove: Takes a zygote, `rounds` and `database`.
        rounds: How many, unless the command line's first argument says another number.
    """
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else rounds
    postgres, mariadb = PostgresServer(), MariaDbServer()
    try:
        with run_zygote() as zygote:
            urls = ("", postgres.fresh_database(), mariadb.fresh_database())
            return run_soak(*(partial(prove, zygote, rounds=rounds, database=url) for url in urls))
    finally:
        mariadb.remove()
        postgres.remove()
