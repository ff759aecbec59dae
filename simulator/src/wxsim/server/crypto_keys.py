"""getUserEncryptKey: the server's side of wx.getUserCryptoManager.

Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/internet/api_getuserencryptkey.html
"""

from __future__ import annotations

from wxsim.server.call import Call, Reply, endpoint, ok


@endpoint("/wxa/business/getuserencryptkey", "GET", "POST")
def getuserencryptkey(call: Call) -> Reply:
    """List up to three keys, newest first; dead ones have ``expire_in`` 0."""
    state, appid = call.state, call.app.appid
    person = call.person(call.query("openid"))
    call.signed_key(person)
    listed = [
        {
            "encrypt_key": key.encrypt_key,
            "version": key.version,
            "expire_in": state.user_keys.left(key, call.now),
            "iv": key.iv,
            "create_time": key.create_time,
        }
        for key in state.user_keys.listed(appid, person)
    ]
    return ok(key_info_list=listed)
