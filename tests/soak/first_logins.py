"""100 concurrent first logins of one openid, over 4 processes and 3 databases: one account each, no error."""

from __future__ import annotations

import asyncio
import sys

from support.fleet import Fleet, Zygote, run_fleet
from support.load import Answer, Caller, UnansweredError, Verdict
from support.soaks import run_on_databases

AT_ONCE = 100
ROUNDS = 200


async def _log_in(fleet: Fleet, caller: Caller, codes: list[str]) -> list[Answer]:
    async def one(number: int) -> Answer:
        try:
            return await caller.sign_in(fleet.urls[number % len(fleet.urls)], codes[number])
        except UnansweredError as error:
            return Answer(0, {"code": str(error)})

    return await asyncio.gather(*(one(number) for number in range(len(codes))))


async def prove(
    zygote: Zygote,
    *,
    rounds: int = ROUNDS,
    at_once: int = AT_ONCE,
    processes: int = 4,
    database: str = "",
    build: str = "",
) -> Verdict:
    """Let one new person after the other log in many times at once."""
    verdict = Verdict(f"first-logins on {database.partition(':')[0] or 'sqlite'}")
    with run_fleet(zygote, processes, database=database, build=build) as fleet:
        async with Caller(60) as caller:
            for number in range(rounds):
                codes = [fleet.code(f"new{number}") for _ in range(at_once)]
                answers = await _log_in(fleet, caller, codes)
                for answer in answers:
                    verdict.note(answer.text)
                    verdict.demand(answer.status == 201, f"a first login: {answer.text}")
                made = [answer.body["account"] for answer in answers if answer.status == 201]
                accounts = {account["id"] for account in made}
                news = sum(account["is_new"] for account in made)
                verdict.demand(len(accounts) == 1, f"one openid has {len(accounts)} accounts")
                verdict.demand(news == 1, f"{news} logins made an account")
    return verdict


def main() -> int:
    """Run it whole on every database; an argument is another number of rounds."""
    return run_on_databases(prove, ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
