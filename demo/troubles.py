"""What can be made to go wrong, and the sentence that says why nothing broke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import aiohttp

from menjin.assembly.wiring import Deeds
from menjin.values import IdentityId
from sides import Sides
from watching import WatchedWorld
from wxsim import FIRST_APPID, Fault, PhoneNumber

Next = Literal["stay", "wake", "refuse_next", "other_phone", "other_person"]
_NO_WECHAT = ("/sns/*", "/cgi-bin/*", "/wxa/*")


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, for the person at the page.

    Attributes:
        zh: In Chinese.
        en: In English.
        next: What the page does next: `wake` lets the person come back to the mini program.
        is_on: Of a trouble that lasts: whether it is in force now.
    """

    zh: str
    en: str
    next: Next = "stay"
    is_on: bool = False


class Troubles:
    """Makes them.

    Args:
        world: The simulated WeChat.
        sides: Looks up who is who at menjin.
        deeds: menjin's own, for what an operator may do.
        menjin: menjin's URL.
    """

    def __init__(self, world: WatchedWorld, sides: Sides, deeds: Deeds, menjin: str) -> None:
        self._world = world
        self._sides = sides
        self._deeds = deeds
        self._menjin = menjin
        self.table: dict[str, Callable[[str, str], Awaitable[Story]]] = {
            "expire_session_key": self.expire_session_key,
            "end_session": self.end_session,
            "reuse_code": self.reuse_code,
            "wechat_busy": self.wechat_busy,
            "wechat_down": self.wechat_down,
            "rotate_access_token": self.rotate_access_token,
            "quota_empty": self.quota_empty,
            "refuse_next": self.refuse_next,
            "second_phone": self.second_phone,
            "another_person": self.another_person,
            "resell_number": self.resell_number,
            "bind_open_platform": self.bind_open_platform,
        }

    async def expire_session_key(self, person: str, _device: str) -> Story:
        """WeChat's key dies before its time."""
        self._world.session_keys.expire(FIRST_APPID, person)
        return Story(
            "微信那边的 session_key 失效了，登录没有断：session_token 是我们自己的，寿命也是自己的。"
            "有手机号按钮的页面一打开，SDK 就用 checkSession 看一眼，钥匙坏了先登录一次，等你点时已经换好。",
            "WeChat's session_key is dead, the login is not: the session_token is ours and has a life of its own. "
            "Where there is a phone button, the SDK looks by checkSession on opening, and logs in before the tap.",
            "wake",
        )

    async def end_session(self, person: str, _device: str) -> Story:
        """Our own session ends on the server."""
        await self._end_sessions(person)
        return Story(
            "服务器上的登录态没有了。下一个请求得到 401 session_expired，SDK 悄悄登录一次，再把请求重放一遍："
            "几个请求一起失败，也只登录一次。",
            "The session is gone from the server. The next request got 401 session_expired; the SDK logged in once, "
            "silently, and sent it again. However many requests fail together, there is one login.",
            "wake",
        )

    async def reuse_code(self, _person: str, _device: str) -> Story:
        """Somebody who saw a login_code uses it again."""
        body = {"appid": FIRST_APPID, "login_code": self._world.code_told}
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
            http.post(f"{self._menjin}/v1/sessions", json=body) as reply,
        ):
            told = f"{reply.status} {(await reply.json(content_type=None)).get('code', '')}".strip()
        return Story(
            f"有人看到了登录用过的 code，拿它再登录一次：{told}。code 只能用一次、只活五分钟，"
            "第二个人什么也得不到，你的登录也不受影响。",
            f"Somebody saw the login_code and tried it again: {told}. A code works once, for five minutes. "
            "The second one got nothing, and your session is untouched.",
        )

    async def wechat_busy(self, person: str, _device: str) -> Story:
        """WeChat answers -1 once, while a login is needed."""
        self._world.fault(Fault(name="errcode", path="/sns/*", times=1, errcode=-1))
        await self._end_sessions(person)
        return Story(
            "微信说忙（-1）。明确的 -1 没有消耗 code，menjin 在三秒期限内用同一个 code 再问一次，就登录上了。"
            "要是回答丢了，那个 code 就绝不再用。",
            "WeChat said it is busy (-1). An explicit -1 has not used the code up, so menjin asked once more with the "
            "same one, within its three seconds. After a lost answer a code is never sent again.",
            "wake",
        )

    async def wechat_down(self, _person: str, _device: str) -> Story:
        """WeChat's servers are out of reach, until it is pressed again."""
        faults = self._world.faults
        before = len(faults.active)
        for fault in [one for one in faults.active if one.name == "reset"]:
            faults.remove(fault.id)
        if len(faults.active) < before:
            return Story("微信恢复了。", "WeChat is back.", "wake")
        for path in _NO_WECHAT:
            self._world.fault(Fault(name="reset", path=path, times=None))
        return Story(
            "微信的服务器连不上了。已经登录的人没有感觉：认 session_token 不用问微信。只有新登录会得到 503，"
            "不是 401，所以没有人被踢下线。再按一次恢复。",
            "WeChat's servers are out of reach. Whoever is signed in notices nothing: knowing a session_token needs no "
            "WeChat. A new login gets 503, not 401, so nobody is thrown out. Press again to end it.",
            "wake",
            is_on=True,
        )

    async def rotate_access_token(self, _person: str, _device: str) -> Story:
        """The app's access_token is replaced behind menjin's back."""
        self._world.tokens.force(FIRST_APPID, self._world.clock.now())
        return Story(
            "小程序的 access_token 被换掉了。下次用它（比如用手机号绑定）时微信答 40001，menjin 换一次新的、重试一次。"
            "登录不用 access_token，所以登录不受影响。",
            "The app's access_token has been replaced. At its next use (binding by phone, say) WeChat answers 40001; "
            "menjin renews it once and tries once more. Logging in needs no access_token at all.",
        )

    async def quota_empty(self, _person: str, _device: str) -> Story:
        """The paid phone calls are gone, until it is pressed again."""
        app, most = self._world.app(FIRST_APPID), self._world.settings.phone_trial_calls
        is_on = app.phone_trial_used < most
        app.phone_trial_used, app.phone_paid_calls = (most, 0) if is_on else (0, 0)
        if not is_on:
            return Story("额度又有了。", "There is quota again.")
        return Story(
            "手机号额度用完了。再点手机号按钮，微信给 errno 1400001；小程序说一句人话，并给出另一条路：会员密码。"
            "再按一次恢复。",
            "The phone quota is used up. The phone button now gives errno 1400001; the mini program says so in plain "
            "words and offers the other way, a member's password. Press again to end it.",
            is_on=True,
        )

    async def refuse_next(self, _person: str, _device: str) -> Story:
        """The person refuses whatever is asked next."""
        return Story(
            "下一个授权会被拒绝。手机号、位置都只是授权：拒绝之后，登录还在，页面也还能用。"
            "手机号下次点按钮还会再问；位置这一类，微信记住拒绝不再弹窗，要改就去设置页。",
            "The next permission will be refused. A phone number or a place is authorisation, not login: you are still "
            "signed in after it. The phone button asks again; a place is asked once, and changed in the settings.",
            "refuse_next",
        )

    async def second_phone(self, person: str, _device: str) -> Story:
        """The same person takes another phone."""
        if self._sides.count_alive(person) > 1:
            return Story(
                "同一个人换回另一部手机：那部手机上的登录态还在，不用再登录。两部手机，两个登录态，一个账号。",
                "The same person, back on the other phone: its own session is still alive, so there is no login. "
                "Two phones, two sessions, one account.",
                "other_phone",
            )
        return Story(
            "同一个人换了一部手机：存储是空的，所以悄悄登录一次，得到第二个登录态，还是同一个账号，会员不用再绑。"
            "在“登录的手机”里能看到两部，也能让另一部下线。",
            "The same person on another phone: its storage is empty, so it logs in silently and gets a second session "
            "of the same account; nothing to bind again. “Signed-in phones” shows both and can end the other.",
            "other_phone",
        )

    async def another_person(self, _person: str, _device: str) -> Story:
        """Another person signs in to WeChat on this phone."""
        return Story(
            "这部手机换了一个人的微信：openid 不同，存储也各是各的。上一个人的登录态没有带过来，账号也不会串。",
            "Another person's WeChat on this phone: another openid, and a storage of its own. Nothing of the person "
            "before came along, and the accounts do not mix.",
            "other_person",
        )

    async def resell_number(self, person: str, _device: str) -> Story:
        """The number of this person now belongs to another."""
        giver = self._world.person(person)
        taker = self._world.person("bo" if person == "an" else "an")
        number = giver.phone or PhoneNumber("13900000001")
        self._world.set_phone(taker, number)
        if not self._sides.is_bound(person):
            return Story(
                f"号码 {number.number} 被注销后卖给了另一个人，那个人正拿着手机。这个号码的会员还没有绑定过微信，"
                "所以用手机号绑定时，menjin 不会悄悄绑上，而是先问“是你吗”。先绑定会员再卖号，就会看到冲突。",
                f"The number {number.number} was given up and sold to somebody else, who holds the phone now. Its "
                "membership is bound to no WeChat yet, so binding by phone asks “is it you?” first. Bind, then sell, "
                "to see a conflict.",
                "other_person",
            )
        return Story(
            f"号码 {number.number} 被注销后卖给了另一个人，那个人正拿着手机。用手机号绑定试试：号码对得上，"
            "但会员已在别人的微信名下，所以不会悄悄接管，而是给出选择。",
            f"The number {number.number} was given up and sold to somebody else, who holds the phone now. Try to bind "
            "by phone: the number matches, yet another WeChat holds that membership, and you are asked.",
            "other_person",
        )

    async def bind_open_platform(self, person: str, _device: str) -> Story:
        """The app is bound to an Open Platform account."""
        had_unionid = self._sides.has_unionid(person)
        self._world.bind_open_platform("op-shanchapu")
        await self._end_sessions(person)
        if had_unionid:
            return Story(
                "小程序早已绑定开放平台账号：重新登录一次，微信给的 unionid 和身份上记的一样，什么都不用改。",
                "The app was bound to the Open Platform before: after another login WeChat gives the same unionid, "
                "and there is nothing to change.",
                "wake",
            )
        return Story(
            "小程序绑定了开放平台账号。下次登录，微信多给一个 unionid；menjin 把它补到同一个身份上，不会多出一个人来。",
            "The app is bound to an Open Platform account. At the next login WeChat gives a unionid as well; menjin "
            "adds it to the same identity, and no second person comes of it.",
            "wake",
        )

    async def _end_sessions(self, person: str) -> None:
        identity = self._sides.identity_of(person)
        if identity is not None:
            await self._deeds.sessions.end_all(IdentityId(identity), "expired")
