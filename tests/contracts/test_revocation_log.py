"""What the revocation log promises on every database."""

from __future__ import annotations

from datetime import timedelta

from menjin.adapters.sqlalchemy.database import Database
from menjin.adapters.sqlalchemy.revocations import SqlRevocationLog
from menjin.values import SessionId
from support.benches import Bench
from support.clock import START


def test_entries_are_read_by_number_found_by_time_and_purged_by_their_end(sql_bench: Bench) -> None:
    """A reader starts where a moment began, reads on by number, and what is over is deleted in bounded lots."""
    database = sql_bench.stores.transactions
    assert isinstance(database, Database)
    log = SqlRevocationLog(database)
    for hours in range(3):
        made, end = START + timedelta(hours=hours), START + timedelta(days=1)
        sql_bench.run(log.record(SessionId(f"ses_{hours}"), "kicked_out", made, end))
    start = sql_bench.run(log.find_start(START + timedelta(hours=1)))
    assert [one.session_id for one in sql_bench.run(log.read_after(start, 10))] == ["ses_1", "ses_2"]
    assert sql_bench.run(log.find_start(START + timedelta(hours=9))) == start + 2
    assert sql_bench.run(log.purge(START + timedelta(days=2), 2)) == 2
    assert len(sql_bench.run(log.read_after(0, 10))) == 1
