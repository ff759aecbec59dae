"""A padding-oracle attacker forges a phone number at a leaky endpoint, and recovers not one byte at ours."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import statistics
import sys
from collections.abc import Hashable
from functools import partial

import wxsim
from support.fleet import APPID, Fleet, Zygote, make_world, run_fleet, run_zygote
from support.leaky_endpoint import LeakyEndpoint
from support.load import Answer, Caller, Verdict, run_soak
from support.padding_attack import BLOCK, Attacker, BudgetSpentError
from wxsim import crypto

FORGED = "13912345678"
LEAKY_AT_MOST = 30_000
REQUESTS = 100_000
IN_FLIGHT = 50
BUDGET = 5
TIMED_PEOPLE = 200
SLOW_LOGIN_EVERY = 1000
NO_RESET = wxsim.Fault(name="errcode", path="/wxa/resetusersessionkey", errcode=-1, times=None)


def phone_plaintext(now: float, number: str = FORGED) -> bytes:
    """Return a phone payload as WeChat writes it."""
    fields = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
    payload = {**fields, "watermark": {"timestamp": int(now), "appid": APPID}}
    return json.dumps(payload, separators=(",", ":")).encode()


def texts(data: bytes, iv: bytes) -> dict[str, str]:
    """Return a ciphertext as a body."""
    return {"encrypted_data": base64.b64encode(data).decode(), "iv": base64.b64encode(iv).decode()}


async def attack_leaky(*, most: int = LEAKY_AT_MOST, whole: bool = True) -> Verdict:
    """Attack the leaky endpoint: forge a whole phone number, or recover one block."""
    verdict = Verdict("oracle: the leaky endpoint")
    world = make_world(session_key_policy="never")
    world.phone("ming").login()
    endpoint = LeakyEndpoint(world)
    async with endpoint.serve() as url, Caller() as caller:

        async def ask(data: bytes, iv: bytes, _slot: int) -> Hashable:
            answer = await caller.call("POST", f"{url}/ming", texts(data, iv))
            verdict.note("asked")
            if verdict.seen["asked"] % SLOW_LOGIN_EVERY == 0:
                world.phone("ming").login()  # as asked; the key stays the same
            return answer.status, json.dumps(answer.body)

        attacker = Attacker(ask, most)
        await attacker.learn()
        if whole:
            forged = await attacker.forge(phone_plaintext(world.clock.now()))
            assert forged is not None
            answer = await caller.call("POST", f"{url}/ming", texts(*forged))
            verdict.demand(answer.body.get("phone") == FORGED, f"the attacker is too weak: {answer.body}")
        else:
            block = secrets.token_bytes(BLOCK)
            opened = await attacker.open_block(block)
            key = world.session_keys.keys[f"{APPID}/ming"].value
            verdict.demand(opened == open_raw(key, block), "the attacker is too weak")
    verdict.figures["requests"] = endpoint.requests
    verdict.figures["bytes recovered"] = attacker.recovered
    return verdict


def open_raw(key: str, block: bytes) -> bytes:
    """Return what AES makes of a block."""
    padded = bytes(BLOCK)
    worker = crypto._cipher(key, padded).decryptor()
    return worker.update(block)


class Person:
    """Somebody at our service who logs in again whenever asked; one login does for all that were asked meanwhile."""

    def __init__(self, fleet: Fleet, caller: Caller, name: str) -> None:
        self.fleet = fleet
        self.caller = caller
        self.name = name
        self.logins = 0
        self.token = ""
        self._one_login = asyncio.Lock()

    @property
    def key(self) -> str:
        """The session_key, straight from WeChat's memory."""
        return self.fleet.world.session_keys.keys[f"{APPID}/{self.name}"].value

    async def login(self, instead_of: str = "") -> str:
        """Log in, unless somebody did since `instead_of` was the token; return the session_token."""
        async with self._one_login:
            if self.token == instead_of:
                url = self.fleet.urls[self.logins % len(self.fleet.urls)]
                answer = await self.caller.sign_in(url, self.fleet.code(self.name))
                assert answer.status == 201, answer
                self.logins += 1
                self.token = answer.body["session_token"]
            return self.token

    async def present(self, data: bytes, iv: bytes, slot: int = 0, path: str = "/v1/phone", kind: str = "") -> Answer:
        """Present a ciphertext, and log in again if asked to."""
        token = self.token or await self.login()
        url = self.fleet.urls[slot % len(self.fleet.urls)]
        body = {**texts(data, iv), **({"kind": kind} if kind else {})}
        answer = await self.caller.call("POST", url + path, body, token=token)
        if answer.body.get("action") == "retap":
            await self.login(instead_of=token)
        return answer


async def attack_ours(zygote: Zygote, *, most: int, resets: bool, processes: int = 2) -> Verdict:
    """Attack menjin with the same attacker; with `resets` off, WeChat replaces no key."""
    verdict = Verdict(f"oracle: ours, resetusersessionkey {'working' if resets else 'failing'}")
    world = make_world(session_key_policy="never")
    if not resets:
        world.fault(NO_RESET)
    async with Caller() as caller:
        with run_fleet(zygote, processes, world=world) as fleet:
            person = Person(fleet, caller, "mallory")

            async def ask(data: bytes, iv: bytes, slot: int) -> Hashable:
                answer = await person.present(data, iv, slot)
                verdict.note(f"answered {answer.text}")
                verdict.demand(answer.code == "stale_session_key", f"an answer tells something: {answer.text}")
                told = {name: value for name, value in answer.body.items() if name != "request_id"}
                return answer.status, json.dumps(told), json.dumps(answer.headers)

            attacker = Attacker(ask, most)
            try:
                await attacker.learn()
                while True:
                    await attacker.open_block(secrets.token_bytes(BLOCK))
            except BudgetSpentError:
                pass
            verdict.demand(attacker.recovered == 0, f"{attacker.recovered} bytes recovered")
            verdict.demand(len(attacker.seen) == 1, f"{len(attacker.seen)} different answers: {attacker.seen}")
            paths = [entry.path for entry in world.journal.entries]
            verdict.figures |= {
                "requests": attacker.asked,
                "logins": person.logins,
                "different answers": len(attacker.seen),
                "bytes recovered": attacker.recovered,
                "resets in the journal's end": paths.count("/wxa/resetusersessionkey"),
            }
    return verdict


async def in_flight(zygote: Zygote, *, build: str = "counted_attempts", processes: int = 4) -> Verdict:
    """Present 50 ciphertexts at once at all processes: no more than five may be tried with the key."""
    verdict = Verdict(f"oracle: {IN_FLIGHT} in flight, {build}")
    world = make_world(session_key_policy="never")
    world.fault(NO_RESET)
    async with Caller() as caller:
        with run_fleet(zygote, processes, build=build, world=world) as fleet:
            person = Person(fleet, caller, "mallory")
            await person.login()
            random = (secrets.token_bytes(3 * BLOCK) for _ in range(IN_FLIGHT))
            waiting = (person.present(data, bytes(BLOCK), slot % processes) for slot, data in enumerate(random))
            for answer in await asyncio.gather(*waiting):
                verdict.note(answer.text)
            good = base64.b64decode(crypto.seal(person.key, bytes(BLOCK), phone_plaintext(world.clock.now())))
            answer = await person.present(good, bytes(BLOCK))
            verdict.demand(answer.code == "stale_session_key", f"a spent key opens: {answer.text}")
            grants = len((fleet.folder / "grants").read_bytes())
            verdict.demand(grants <= BUDGET, f"{grants} attempts used the key")
            verdict.demand(grants > 0, "nothing was tried at all")
            verdict.figures["attempts that used the key"] = grants
    return verdict


async def timing(zygote: Zygote, *, people: int) -> Verdict:
    """Report how long the refused classes take: bad padding, good padding and bad JSON, spent."""
    verdict = Verdict("oracle: timing")
    world = make_world(session_key_policy="never")
    world.fault(wxsim.Fault(name="errcode", path="/wxa/resetusersessionkey", errcode=48001, times=None))  # at once
    spans: dict[str, list[float]] = {"padding": [], "json": [], "spent": []}
    async with Caller() as caller:
        with run_fleet(zygote, 1, world=world) as fleet:
            for number in range(people):
                person = Person(fleet, caller, f"p{number}")
                await person.login()
                pair = ["padding", "json"] if number % 2 else ["json", "padding"]
                # The fifth failure asks WeChat for another key, which takes its time, so it is not counted.
                for kind in (*pair, *pair, "fifth", "spent", "spent"):
                    answer = await person.present(_nonsense(person.key, good_padding=kind == "json"), bytes(BLOCK))
                    if kind in spans:
                        spans[kind].append(answer.seconds)
                    verdict.demand(answer.code == "stale_session_key", f"{kind}: {answer.text}")
                verdict.note("people")
    medians = {kind: statistics.median(found) * 1e6 for kind, found in spans.items()}
    spread = statistics.quantiles(spans["padding"], n=4)
    verdict.figures |= {
        "samples of a class": len(spans["padding"]),
        "median µs": {kind: round(median) for kind, median in medians.items()},
        "json - padding µs": round(medians["json"] - medians["padding"]),
        "padding's quartiles µs": [round(value * 1e6) for value in spread],
    }
    return verdict


def _nonsense(key: str, *, good_padding: bool) -> bytes:
    """Return ten blocks that open to nonsense, with good padding or without."""
    sealed = bytearray(base64.b64decode(crypto.seal(key, bytes(BLOCK), secrets.token_bytes(10 * BLOCK - 1))))
    if not good_padding:
        sealed[-BLOCK - 1] ^= 0x80  # the last byte of the last block becomes 0x81
    return bytes(sealed)


async def splice(zygote: Zygote, *, shifts: int = BLOCK) -> Verdict:
    """Try the splice attack: an iv of one's own and a nickname of digits, at our doors and at the leaky one."""
    verdict = Verdict("oracle: splices")
    world = make_world(session_key_policy="never")
    leaky = LeakyEndpoint(world)
    async with Caller() as caller, leaky.serve() as leaky_url:
        for policy in ("bound", "open"):
            with run_fleet(zygote, 1, world=world, sign_in=policy) as fleet:
                await _splice_at(fleet, caller, leaky_url, verdict, shifts=shifts, policy=policy)
            wanted = f"leaky endpoint: {{'phone': '{FORGED}'}}"
            verdict.demand(verdict.seen[wanted], "the splice is too weak: the leaky endpoint refuses it")
    return verdict


async def _splice_at(
    fleet: Fleet, caller: Caller, leaky_url: str, verdict: Verdict, *, shifts: int, policy: str
) -> None:
    # Without an account a session is good for binding only, and is told so before anything is opened.
    refusals = {"stale_session_key"} | ({"binding_required"} if policy == "bound" else set())
    for shift in range(shifts):
        person = Person(fleet, caller, f"digits{shift}")
        await person.login()
        data, iv, original = _spliced(person, shift)
        answer = await caller.call("POST", f"{leaky_url}/{person.name}", texts(data, iv))
        verdict.note(f"leaky endpoint: {answer.body}")
        attempts = [("/v1/phone", ""), ("/v1/open-data", "werun"), ("/v1/open-data", "user_info")]
        for path, kind in attempts:
            # Each ciphertext is tried once: a block more in front makes it another one.
            fresh = secrets.token_bytes(BLOCK) + data if kind else data
            answer = await person.present(fresh, iv, path=path, kind=kind)
            verdict.note(f"{path} {kind}: {answer.text}")
            expected = refusals if kind else {"stale_session_key"}
            verdict.demand(answer.code in expected, f"spliced at {path} {kind}: {answer.text}")
        answer = await person.present(*original)
        verdict.demand(answer.code == "stale_session_key", f"user info as a phone number: {answer.text}")
        await _demand_unbound(person, verdict)


def _spliced(person: Person, shift: int) -> tuple[bytes, bytes, tuple[bytes, bytes]]:
    """Return user info cut where the nickname's digits begin, a block of one's own before them, and the original."""
    names = {"openId": person.fleet.world.identities.openid(APPID, person.name), "nickName": "x" * shift + FORGED}
    rest = {"gender": 0, "language": "zh_CN", "city": "", "province": "", "country": "", "avatarUrl": ""}
    mark = {"timestamp": int(person.fleet.world.clock.now()), "appid": APPID}
    plaintext = json.dumps({**names, **rest, "watermark": mark}, separators=(",", ":")).encode()
    first_iv = secrets.token_bytes(BLOCK)
    sealed = base64.b64decode(crypto.seal(person.key, first_iv, plaintext))
    at = plaintext.index(FORGED.encode()) // BLOCK
    before = sealed[(at - 2) * BLOCK : (at - 1) * BLOCK]
    known = plaintext[(at - 1) * BLOCK : at * BLOCK]
    iv = bytes(one ^ two ^ three for one, two, three in zip(before, known, b'{"phoneNumber":"', strict=True))
    return sealed[(at - 1) * BLOCK :], iv, (sealed, first_iv)


async def _demand_unbound(person: Person, verdict: Verdict) -> None:
    url = person.fleet.urls[0]
    answer = await person.caller.call("POST", f"{url}/v1/binding", {"method": "phone"}, token=person.token)
    verdict.note(f"bind by phone: {answer.text}")
    verdict.demand(answer.status != 200, "bound by a spliced phone number")
    who = await person.caller.who(url, person.token)
    account = who.body.get("account") or {}
    is_bound = account.get("external_id") or account.get("phone_masked")
    verdict.demand(who.status == 200 and not is_bound, f"bound after a splice: {who.body}")


def main() -> int:
    """Run it whole; an argument is another number of requests."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS
    with run_zygote() as zygote:
        return run_soak(
            attack_leaky,
            partial(splice, zygote),
            partial(in_flight, zygote),
            partial(timing, zygote, people=TIMED_PEOPLE),
            partial(attack_ours, zygote, most=most // 2, resets=False),
            partial(attack_ours, zygote, most=most - most // 2, resets=True),
        )


if __name__ == "__main__":
    sys.exit(main())
