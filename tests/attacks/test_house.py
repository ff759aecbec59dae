"""The same attacks through the whole library, in both colours and on each store."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest

from menjin.errors import BindingRequired, OpenDataInvalid, SessionInvalid, StaleSessionKey
from menjin.values import Secret
from menjin.wechat.signature import sign_raw_data
from support.lenient_reader import read_leniently
from support.sealing import (
    APPID,
    KEY,
    OFFICIAL,
    OPENID,
    PHONE_INFO,
    UNIONID,
    USER_INFO,
    Sealed,
    flip,
    seal,
    seal_payload,
    sealed_of,
    to_json,
)
from support.stage import BOUND_APP, OPEN_APP, SISTER_APP, Stage

NEWER = "HyVFkGl5F5OQWJZZaNzBBg=="
OTHER_OPENID = "o" + "B" * 27
SAMPLE = sealed_of(OFFICIAL)
PROFILE = {name: value for name, value in USER_INFO.items() if name not in {"openId", "unionId", "watermark"}}


def test_the_sample_opens_through_the_library_without_its_ids(stage: Stage) -> None:
    """Band is handed out; openId, unionId and watermark stay on the server; the unionid is noted."""
    token = stage.sign_in()
    opened = stage.door.open_user_info(token, encrypted=SAMPLE.texts())
    assert opened.data == PROFILE
    assert stage.heard.names() == ["signed_in", "data_opened"]
    assert stage.door.authenticate(stage.sign_in()).session.subject.unionid == UNIONID


def test_both_keys_of_the_ring_are_tried_for_ten_minutes(stage: Stage) -> None:
    """What the key before the last login sealed opens for ten minutes, and not a moment longer."""
    token = stage.sign_in()
    stage.clock.advance(seconds=1)
    stage.sign_in(key=NEWER)
    assert stage.door.open_user_info(token, encrypted=SAMPLE.texts()).data["nickName"] == "Band"
    newer = seal_payload(PHONE_INFO, key=NEWER).texts()
    assert stage.door.open_phone(token, *newer).phone_number == "+8613580006666"
    stage.clock.advance(seconds=600)
    late = seal_payload({**USER_INFO, "watermark": {"appid": APPID, "timestamp": int(stage.clock.now().timestamp())}})
    with pytest.raises(StaleSessionKey):
        stage.door.open_user_info(token, encrypted=late.texts())


def wrong_data() -> list[tuple[str, Sealed]]:
    """Return ciphertexts that must be refused after a key is used, each for another reason, with their doors."""
    payload = {**PROFILE, "watermark": USER_INFO["watermark"]}
    text, whole = to_json(payload), seal_payload(payload)
    return [
        ("open_user_info", Sealed(whole.iv, whole.data[:-16])),
        ("open_user_info", Sealed(bytes(16), whole.data)),
        ("open_user_info", seal(text.replace(b"Band", b"\xff\xfe"))),
        ("open_user_info", seal(text + b"}")),
        ("open_user_info", seal(b"[]")),
        ("open_user_info", seal(b'{"nickName":"x",' + text[1:])),
        ("open_user_info", seal_payload(PHONE_INFO)),
        ("open_user_info", seal_payload({**payload, "watermark": {"appid": APPID, "timestamp": 1}})),
        ("open_user_info", seal_payload({**payload, "watermark": {"appid": "x", "timestamp": 1477314187}})),
        ("open_user_info", seal_payload({**payload, "openId": OTHER_OPENID})),
        ("open_user_info", seal_payload({**payload, "gender": "1"})),
        ("open_user_info", seal_payload(payload, key="AAAAAAAAAAAAAAAAAAAAAA==")),
        ("open_phone", whole),
        ("open_phone", seal_payload({**PHONE_INFO, "countryCode": "1", "phoneNumber": "+8613580006666"})),
    ]


def refusals(stage: Stage, *, after_a_login: bool = False) -> list[tuple[object, ...]]:
    """Return all that can be seen of every refusal, each at a person's of its own, whose key bore no failure yet."""
    found = []
    for number, (door, sealed) in enumerate(wrong_data()):
        person = f"person-{after_a_login:d}-{number:02d}-" + "x" * 16
        token = stage.sign_in(openid=person)
        if after_a_login:
            stage.clock.advance(seconds=1)
            stage.sign_in(key=NEWER, openid=person)
        found.append(seen_of(stage, token, door, sealed))
    return found


def seen_of(stage: Stage, token: str, door: str, sealed: Sealed) -> tuple[object, ...]:
    """Return type, code, action, texts and chain of the refusal."""
    named = {"encrypted": sealed.texts()} if door == "open_user_info" else {}
    texts = sealed.texts() if door == "open_phone" else ()
    with pytest.raises(StaleSessionKey) as caught:
        getattr(stage.door, door)(token, *texts, **named)
    error = caught.value
    told = (str(error), repr(error), error.args, vars(error), error.__cause__)
    return (type(error), error.code, error.action, error.retryable, *told, getattr(error, "__notes__", None))


def test_all_refusals_after_the_key_look_alike(stage: Stage) -> None:
    """Padding, UTF-8, JSON, schema, watermark, openId, wrong or spent key, signature: one answer with any ring."""
    seen = refusals(stage)
    assert all(one == seen[0] for one in seen)
    assert refusals(stage, after_a_login=True) == seen
    token = stage.sign_in()
    with pytest.raises(StaleSessionKey) as caught:
        stage.door.open_user_info(token, signed=('{"nickName":"x"}', "0" * 40))
    assert str(caught.value) == seen[0][4]
    assert [seen_of(stage, token, door, sealed) for door, sealed in wrong_data()] == seen
    assert seen_of(stage, token, "open_user_info", SAMPLE) == seen[0]
    assert "data_opened" not in stage.heard.names()


def test_control_a_talkative_reader_can_be_told_apart(stage: Stage) -> None:
    """CONTROL: the comparison sees it when a refusal says why: before the key, it does. And the good twin opens."""
    token = stage.sign_in()
    with pytest.raises(OpenDataInvalid) as caught:
        stage.door.open_user_info(token, encrypted=("AAAA", "AAAA"))
    assert (type(caught.value), caught.value.code) != refusals(stage)[0][:2]
    payload = {**PROFILE, "watermark": {"appid": APPID, "timestamp": int(stage.clock.now().timestamp())}}
    assert stage.door.open_user_info(token, encrypted=seal_payload(payload).texts()).data == PROFILE


def test_another_persons_data_is_refused(stage: Stage) -> None:
    """A ciphertext of one person at another's session: the key differs; with the same key, the openId does."""
    stage.sign_in()
    for key in (NEWER, KEY):
        stranger = stage.sign_in(key=key, openid=OTHER_OPENID)
        with pytest.raises(StaleSessionKey):
            stage.door.open_user_info(stranger, encrypted=SAMPLE.texts())
    with pytest.raises(SessionInvalid):
        stage.door.open_user_info("mjs_" + "A" * 43, encrypted=SAMPLE.texts())


def test_flips_of_the_iv_reach_nobody(stage: Stage) -> None:
    """Every fifth flip is refused, each by a key fresh from a login. CONTROL: some fool a lenient reader."""
    fooled = 0
    for at in range(0, 128, 5):
        key = fresh_key(at)
        token = stage.sign_in(key=key)
        whole = seal_payload(USER_INFO, key=key)
        forged = Sealed(flip(whole.iv, at), whole.data)
        read = read_leniently(forged, key=key, appid=APPID)
        fooled += read is not None and read.get("openId") != OPENID
        with pytest.raises(StaleSessionKey):
            stage.door.open_user_info(token, encrypted=forged.texts())
    assert fooled > 5
    subject = stage.door.authenticate(stage.sign_in()).session.subject
    assert (subject.openid, subject.unionid) == (OPENID, None)


def fresh_key(number: int) -> str:
    """Return a session_key of its own for each number."""
    return base64.b64encode(hashlib.sha256(number.to_bytes(4, "big")).digest()[:16]).decode()


def test_a_decrypted_unionid_of_another_account_attaches_nothing(set_stage: Callable[..., Stage]) -> None:
    """User info that names the unionid of another's account is a conflict, never a way into that account."""
    stage = set_stage(OPEN_APP, SISTER_APP)
    stage.sign_in(openid=OTHER_OPENID, unionid=UNIONID, appid=SISTER_APP.appid)
    thief = stage.sign_in()
    own = stage.door.authenticate(thief).account
    stage.door.open_user_info(thief, encrypted=SAMPLE.texts())
    assert "unionid_conflict" in stage.heard.names()
    again = stage.door.authenticate(stage.sign_in())
    assert again.account == own
    assert again.session.subject.unionid is None


def test_without_an_account_nothing_is_opened(set_stage: Callable[..., Stage]) -> None:
    """A session that must bind first can do nothing but that; its key is not used."""
    stage = set_stage(BOUND_APP)
    with pytest.raises(BindingRequired):
        stage.door.open_user_info(stage.sign_in(), encrypted=SAMPLE.texts())


def test_control_wechats_own_word_for_a_unionid_does_attach(set_stage: Callable[..., Stage]) -> None:
    """CONTROL: the same unionid by code2Session is WeChat's word in this login, and attaches."""
    stage = set_stage(BOUND_APP, SISTER_APP)
    owner = stage.sign_in(openid=OTHER_OPENID, unionid=UNIONID, appid=SISTER_APP.appid)
    same = stage.door.authenticate(stage.sign_in(unionid=UNIONID))
    assert same.account == stage.door.authenticate(owner).account


RAW = to_json(PROFILE).decode()
WITH_ID = to_json({**PROFILE, "openId": OPENID}).decode()


def test_raw_data_and_signature(stage: Stage) -> None:
    """User info in clear opens by its signature; where both forms are given, both are looked at."""
    token = stage.sign_in()
    good = (RAW, sign_raw_data(RAW, Secret(KEY)))
    assert stage.door.open_user_info(token, signed=good).data == PROFILE
    assert stage.door.open_user_info(token, signed=good, encrypted=SAMPLE.texts()).data == PROFILE
    other = seal_payload({**USER_INFO, "nickName": 1})
    with pytest.raises(StaleSessionKey):
        stage.door.open_user_info(token, signed=good, encrypted=other.texts())


SIGNED_WRONG: list[tuple[str, str]] = [
    (RAW + " ", sign_raw_data(RAW, Secret(KEY))),
    (RAW, sign_raw_data(RAW, Secret(KEY)).upper()),
    (RAW, sign_raw_data(RAW, Secret(KEY))[:-1]),
    (RAW, ""),
    (RAW, "é" * 40),
    ("\ud800", sign_raw_data(RAW, Secret(KEY))),
    (RAW, "\ud800"),
    (RAW, sign_raw_data(RAW, Secret(NEWER))),
    ("[]", sign_raw_data("[]", Secret(KEY))),
    (WITH_ID, sign_raw_data(WITH_ID, Secret(KEY))),
]


def test_a_wrong_signature_is_refused_with_or_without_a_ciphertext(stage: Stage) -> None:
    """The signature must be the key's over the very bytes, and raw data names no openId; a ciphertext does not help."""
    for number, signed in enumerate(SIGNED_WRONG):
        person = f"signer-{number:02d}-" + "x" * 20
        token = stage.sign_in(openid=person)
        sealed = seal_payload({**USER_INFO, "openId": person}).texts()
        for more in ({}, {"encrypted": sealed}):
            with pytest.raises(StaleSessionKey):
                stage.door.open_user_info(token, signed=signed, **more)
        assert stage.door.open_user_info(token, encrypted=sealed).data == PROFILE


def test_malformed_ciphertexts_are_the_callers_fault(stage: Stage) -> None:
    """Before any key: OpenDataInvalid, also for a person whose key is unknown."""
    token = stage.sign_in()
    data, iv = SAMPLE.texts()
    short = base64.b64encode(bytes(15)).decode()
    for pair in ((data[:-4], iv), (data, short), ("", iv), (data, ""), (data.replace("+", "-"), iv), (data, iv + "\n")):
        with pytest.raises(OpenDataInvalid):
            stage.door.open_phone(token, *pair)
        with pytest.raises(OpenDataInvalid):
            stage.door.open_user_info(token, encrypted=pair)
