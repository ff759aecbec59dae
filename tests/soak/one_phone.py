"""100 people bind one phone number at once, over 4 processes and 3 databases: one has it, 99 are told of a conflict."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from support.fleet import APPID, Fleet, Zygote, run_fleet
from support.load import Answer, Caller, UnansweredError, Verdict, gather_bounded
from support.soaks import run_on_databases

PEOPLE = 100
ROUNDS = 200


def number_of(round_number: int) -> str:
    """Return the number of a round."""
    return f"137{round_number:08d}"


async def _sign_in(fleet: Fleet, caller: Caller, people: list[str]) -> list[str]:
    async def one(number: int, person: str) -> str:
        answer = await caller.sign_in(fleet.urls[number % len(fleet.urls)], fleet.code(person))
        token: str = answer.body["session_token"]
        return token

    return await gather_bounded([partial(one, *pair) for pair in enumerate(people)], 20)


def _tap(fleet: Fleet, person: str, number: str) -> str:
    """Return the phone_code of somebody whose WeChat has the number now: a number is sold on from one to the next."""
    fleet.world.change_person(person, phone=number)
    code: str = fleet.world.phone(person, APPID).getPhoneNumber(tap=True)["code"]
    return code


async def _bind(fleet: Fleet, caller: Caller, number: int, token: str, code: str) -> Answer:
    url = fleet.urls[number % len(fleet.urls)]
    try:
        body = {"method": "phone", "phone_code": code}
        return await caller.call("POST", f"{url}/v1/binding", body, token=token)
    except UnansweredError as error:
        return Answer(0, {"code": str(error)})


async def prove(
    zygote: Zygote,
    *,
    rounds: int = ROUNDS,
    people: int = PEOPLE,
    processes: int = 4,
    database: str = "",
    build: str = "",
) -> Verdict:
    """Let everybody bind one number at once, another each round: who won one changes theirs in a later."""
    verdict = Verdict(f"one-phone on {database.partition(':')[0] or 'sqlite'}")
    names = [f"person{number}" for number in range(people)]
    with run_fleet(zygote, processes, database=database, build=build) as fleet:
        async with Caller(60) as caller:
            for round_number in range(rounds):
                tokens = await _sign_in(fleet, caller, names)
                codes = [_tap(fleet, name, number_of(round_number)) for name in names]
                work = (_bind(fleet, caller, *one) for one in zip(range(people), tokens, codes, strict=True))
                answers = await asyncio.gather(*work)
                for answer in answers:
                    verdict.note(answer.text)
                winners = sum(answer.status == 200 for answer in answers)
                conflicts = sum(answer.code == "binding_conflict" for answer in answers)
                verdict.demand(winners == 1, f"{winners} people have one number")
                verdict.demand(conflicts == people - 1, f"{conflicts} of {people - 1} are told of a conflict")
    return verdict


def main() -> int:
    """Run it whole on every database; an argument is another number of rounds."""
    return run_on_databases(prove, ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
