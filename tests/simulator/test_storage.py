"""A mini program's storage, its limits and its encrypted half."""

from __future__ import annotations

from wxsim import World


def test_storage(world: World) -> None:
    """Values come back as they were; missing ones fail or are empty."""
    phone = world.phone("ming")
    for data in ("x", 1, None, {"a": [1, "二"]}, True):
        assert phone.setStorage(key="k", data=data)["errMsg"] == "setStorage:ok"
        assert phone.getStorage(key="k")["data"] == phone.getStorageSync(key="k")["data"] == data
    assert phone.getStorageInfoSync()["keys"] == ["k"]
    assert world.phone("ming", device="d2").getStorageSync(key="k")["data"] == ""
    assert phone.removeStorageSync(key="k")["errMsg"] == "removeStorageSync:ok"
    assert phone.getStorage(key="k") == {"errMsg": "getStorage:fail data not found"}
    wrong: list[dict[str, object]] = [{}, {"key": ""}, {"key": 1}]
    assert [phone.call("getStorage", options)["errno"] for options in wrong] == [101, 101, 101]
    phone.setStorageSync(key="k", data="x")
    phone.clearStorage()
    assert phone.getStorageInfo()["keys"] == []


def test_storage_limits(world: World) -> None:
    """1 MB a key and 10 MB an app; 0.7 and 7.1 where encrypted."""
    phone, mega = world.phone("ming"), 1024 * 1024
    full = phone.setStorage(key="k", data="x" * mega)
    assert full["errMsg"] == "setStorage:fail:entry size limit reached"
    for number in range(10):
        assert phone.setStorage(key=f"k{number}", data="x" * (mega - 2))["errMsg"] == "setStorage:ok"
    assert phone.setStorage(key="k", data="")["errMsg"] == "setStorage:fail exceed storage max size 10Mb"
    assert phone.getStorageInfo()["currentSize"] == phone.getStorageInfo()["limitSize"] == 10240
    too_long = phone.setStorage(key="s", data="x" * 734_002, encrypt=True)
    assert too_long["errMsg"] == "setStorage:fail:entry size limit reached"


def test_encrypted_storage(world: World) -> None:
    """What is written encrypted is read encrypted, asynchronously, from 2.21.3 on."""
    phone = world.phone("ming")
    phone.setStorage(key="k", data="x", encrypt=True)
    assert phone.getStorage(key="k")["errMsg"] == "getStorage:fail data not found"
    assert phone.getStorageSync(key="k")["data"] == ""
    assert phone.getStorage(key="k", encrypt=True)["data"] == "x"


def test_overwriting_and_the_two_pools(world: World) -> None:
    """A value written again counts once, and encrypted values fill a pool of their own."""
    phone, mega = world.phone("ming"), 1024 * 1024
    for number in range(10):
        phone.setStorage(key=f"k{number}", data="x" * (mega - 2))
    assert phone.setStorage(key="k0", data="y" * (mega - 2))["errMsg"] == "setStorage:ok"
    assert phone.setStorage(key="s", data="x", encrypt=True)["errMsg"] == "setStorage:ok"
