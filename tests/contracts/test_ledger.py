"""What every ledger store promises, and that a line is committed with its deed or not at all."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

import pytest

from menjin import AppId
from menjin.clock import SystemRandomness
from menjin.ledger.flow import Ledger
from menjin.ledger.model import Line
from menjin.ledger.request import within_request
from support.benches import Bench
from support.clock import FakeClock

APPID = AppId("wx0123456789abcdef")


def ledger_of(bench: Bench) -> Ledger:
    """Return the flow over a bench's store."""
    return Ledger(bench.stores.ledger, FakeClock(), SystemRandomness())


def test_lines_are_kept_as_they_were_written(bench: Bench) -> None:
    """Every field, in order, by whose they are; one pseudonym for all lines of one account, another for another's."""
    ledger = ledger_of(bench)

    async def flow() -> list[Line]:
        with within_request("req-12345678"):
            first = await ledger.write("signed_in", "acc_1", appid=APPID, tenant="酒店🎫")
            other = await ledger.write("signed_in", "acc_2")
        last = await ledger.write("session_revoked", "acc_1", actor="operator", reason="kicked_out")
        return [first, other, last]

    first, other, last = bench.run(flow())
    assert bench.run(bench.stores.ledger.list_lines("acc_1")) == (first, last)
    assert bench.run(bench.stores.ledger.list_lines("acc_2")) == (other,)
    assert bench.run(bench.stores.ledger.list_lines("acc_3")) == ()
    assert first.pseudonym == last.pseudonym != other.pseudonym
    assert (first.request_id, last.request_id) == ("req-12345678", None)


def test_a_line_is_undone_with_its_deed(sql_bench: Bench) -> None:
    """A transaction that ends by an error leaves neither line nor pseudonym."""

    async def fail() -> None:
        async with sql_bench.stores.transactions.transaction():
            await ledger_of(sql_bench).write("bound", "acc_1")
            raise LookupError

    with pytest.raises(LookupError):
        sql_bench.run(fail())
    assert sql_bench.query("SELECT count(*) FROM audit_lines") == [(0,)]
    assert sql_bench.query("SELECT count(*) FROM pseudonyms") == [(0,)]


def test_fifty_first_lines_of_one_account_at_once(bench: Bench) -> None:
    """They agree on one pseudonym, and none fails."""
    ledger = ledger_of(bench)
    done = bench.at_once([partial(ledger.write, "signed_in", "acc_1") for _ in range(50)])
    assert {type(one) for one in done} == {Line}
    assert len(bench.run(bench.stores.ledger.list_lines("acc_1"))) == 50


def test_without_its_pseudonym_a_line_leads_nowhere(sql_bench: Bench) -> None:
    """The mapping erased, the line is still there, and nothing in it names the account."""
    sql_bench.run(ledger_of(sql_bench).write("signed_in", "acc_1", appid=APPID))
    sql_bench.query("DELETE FROM pseudonyms")
    assert sql_bench.run(sql_bench.stores.ledger.list_lines("acc_1")) == ()
    (row,) = sql_bench.query("SELECT * FROM audit_lines")
    assert "acc_1" not in str(row)


def test_a_line_has_no_place_for_personal_data() -> None:
    """Its fields are these; a new one is to be thought about here."""
    assert {part.name for part in fields(Line)} == {
        "at",
        "deed",
        "actor",
        "pseudonym",
        "appid",
        "tenant",
        "reason",
        "request_id",
    }


@pytest.mark.parametrize("request_id", ["", "x" * 65, "line\nbreak", "名字", "a b"])
def test_a_request_id_of_another_shape_is_refused(request_id: str) -> None:
    """It goes into the log as it is."""
    with pytest.raises(ValueError, match="request_id"), within_request(request_id):
        pass
