"""Error → status, title and body: the ONE table. `contract/errors.json` says the same; a test compares.

Bodies are RFC 9457 problem documents. They carry the code, never WeChat's text, a URL, a token or a key.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from menjin import errors
from menjin.errors import Action, MenjinError

Language = str


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its HTTP status, what the client does, and its title in both languages."""

    status: int
    action: Action
    zh: str
    en: str


TABLE: dict[str, Entry] = {
    "login_code_invalid": Entry(400, "login", "登录凭证无效或已过期", "The login code is unknown or expired"),
    "phone_code_invalid": Entry(
        400, "none", "手机号凭证无效，请再点一次", "The phone code is not valid, tap once more"
    ),
    "login_code_as_phone_code": Entry(
        400, "none", "手机号凭证填成了登录凭证", "This is a login code, not the phone button's code"
    ),
    "open_data_invalid": Entry(400, "none", "加密数据格式不正确", "The encrypted data is not well-formed"),
    "credentials_invalid": Entry(400, "none", "用户名或密码不正确", "User name and password do not match"),
    "bind_ticket_invalid": Entry(
        400, "bind", "绑定凭据已失效，请重新绑定", "The bind ticket is not good any more, bind anew"
    ),
    "session_invalid": Entry(401, "login", "登录态无效，请重新登录", "There is no such session"),
    "session_expired": Entry(401, "login", "登录态已过期，请重新登录", "The session has expired"),
    "session_rotated": Entry(
        401, "retry", "登录态刚刚更换，请用新的重试", "The session token was replaced a moment ago"
    ),
    "signed_out": Entry(401, "none", "已退出登录", "Signed out"),
    "kicked_out": Entry(401, "none", "已在别处被下线", "The session was ended from elsewhere"),
    "replaced": Entry(401, "none", "已在别处登录", "A newer session took this one's place"),
    "client_invalid": Entry(401, "none", "服务凭证无效", "No service client has this credential"),
    "client_not_permitted": Entry(403, "none", "服务无此权限", "This service client may not do this for this app"),
    "binding_required": Entry(403, "bind", "请先绑定账号", "Bind an account first"),
    "account_disabled": Entry(403, "none", "账号已停用", "The account is disabled"),
    "step_up_required": Entry(403, "none", "请先重新验证身份", "Prove who you are once more"),
    "verified_phone_required": Entry(403, "none", "请先验证手机号", "Verify a phone number first"),
    "phone_mismatch": Entry(403, "none", "与账号绑定的手机号不一致", "This is not the account's phone number"),
    "user_blocked": Entry(403, "none", "暂时无法登录", "Signing in is not possible at the moment"),
    "not_found": Entry(404, "none", "没有找到", "There is nothing here"),
    "method_not_allowed": Entry(405, "none", "不支持这个请求方法", "This method is not allowed here"),
    "login_code_used": Entry(409, "login", "登录凭证已使用过", "The login code was used before"),
    "stale_session_key": Entry(409, "retap", "数据已失效，请重新登录后再点一次", "Sign in again, then tap once more"),
    "binding_conflict": Entry(409, "bind", "需要先确认是哪个账号", "Which account this is has to be settled first"),
    "account_not_found": Entry(409, "bind", "没有使用该手机号的账号", "No account has this phone number"),
    "last_way_in": Entry(409, "none", "这是账号唯一的登录方式", "This is the last way into the account"),
    "payment_unknown": Entry(409, "retry", "微信暂未查到这笔支付", "WeChat does not know this payment yet"),
    "body_too_large": Entry(413, "none", "请求内容过大", "The body is too large"),
    "request_invalid": Entry(422, "none", "请求格式不正确", "The request is not well-formed"),
    "too_many_attempts": Entry(429, "none", "尝试次数过多，请稍后再试", "Too many attempts, try again later"),
    "internal_error": Entry(500, "none", "服务器内部错误", "Something went wrong on our side"),
    "app_misconfigured": Entry(500, "none", "小程序配置有误", "The mini program is not configured correctly"),
    "wechat_bad_answer": Entry(502, "none", "微信返回了无法识别的结果", "WeChat's answer could not be understood"),
    "wechat_unavailable": Entry(503, "none", "微信服务暂时不可用", "WeChat is not available at the moment"),
    "store_unavailable": Entry(503, "none", "服务暂时不可用", "The service is not available at the moment"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A status, the problem document, and the seconds of its Retry-After, if any."""

    status: int
    body: dict[str, Any]
    retry_after: int | None = None


def to_problem(error: MenjinError, *, language: Language, request_id: str, signing_in: bool = False) -> Problem:
    """Return the problem of an error.

    Args:
        error: Any of the tree.
        language: `zh` or `en`, of the title.
        request_id: Repeated in the body, for whoever asks.
        signing_in: On POST /v1/sessions the only cure the client has is a fresh login_code, so what a
            repetition may heal has the action `login`.
    """
    left = getattr(error, "retry_after", None)
    # Rounded up: whoever comes back then is not turned away once more for a fraction of a second.
    retry_after = max(1, math.ceil(left.total_seconds())) if left is not None else None
    fresh_code = signing_in and (error.retryable or isinstance(error, errors.TransportError))
    problem = plain_problem(
        error.code, language=language, request_id=request_id, action="login" if fresh_code else None
    )
    if retry_after is not None:
        problem.body["retry_after"] = retry_after
    if isinstance(error, errors.RequestInvalid):
        problem.body["faults"] = [{"where": fault.where, "problem": fault.problem} for fault in error.faults]
    if isinstance(error, errors.BindingConflict):
        problem.body["choices"] = list(error.choices)
        if error.bind_ticket is not None:
            problem.body["bind_ticket"] = error.bind_ticket.reveal()
    return Problem(problem.status, problem.body, retry_after)


def plain_problem(code: str, *, language: Language, request_id: str, action: Action | None = None) -> Problem:
    """Return the problem of a code alone."""
    entry = TABLE[code]
    body: dict[str, Any] = {
        "type": f"urn:menjin:problem:{code}",
        "title": entry.en if language == "en" else entry.zh,
        "status": entry.status,
        "code": code,
        "action": action or entry.action,
        "request_id": request_id,
    }
    return Problem(entry.status, body)


def choose_language(accept_language: str) -> Language:
    """Return `en` if an Accept-Language header prefers English to Chinese, else `zh`."""
    best, chosen = 0.0, "zh"
    for part in accept_language.lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _read_weight(parameters)
        primary = tag.strip().split("-")[0]
        if primary in {"zh", "en"} and weight > best:
            best, chosen = weight, primary
    return chosen


def _read_weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
