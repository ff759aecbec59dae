const { menjin } = require("../../services/login");
const shop = require("../../services/shop");
const { words, title } = require("../../services/words");

const EMPTY = { nickname: "", avatar: "", member: "" };

Page({
  data: { t: words(), state: "loading", profile: EMPTY, phone: "", hint: "" },

  onLoad() {
    title("me");
    this.setData({ hint: this.data.t.phoneShown });
  },

  onShow() {
    this.load();
    // WeChat's session_key may have died meanwhile: look now, so that the tap below finds a living one.
    menjin.preparePrivateData().catch(() => undefined);
  },

  async load() {
    try {
      this.setData({ state: "member", profile: await shop.profile() });
    } catch (error) {
      const states = { binding_required: "guest", signed_out: "out", kicked_out: "out", replaced: "out" };
      this.setData({ state: states[error.code] || "failed", profile: EMPTY });
    }
  },

  async signIn() {
    try {
      await menjin.login({ force: true });
    } catch (error) {
      wx.showToast({ title: error.message, icon: "none" });
    }
    this.load();
  },

  async onAvatar(event) {
    try {
      await shop.sendAvatar(event.detail.avatarUrl);
      this.load();
    } catch (error) {
      this.complain(error);
    }
  },

  async onName(event) {
    const nickname = event.detail.value.nickname;
    if (!nickname) return;
    try {
      await shop.saveNickname(nickname);
      wx.showToast({ title: this.data.t.saved });
      this.load();
    } catch (error) {
      this.complain(error);
    }
  },

  async onPhone(event) {
    const t = this.data.t;
    try {
      const phone = await menjin.phoneNumber(event);
      this.setData({ phone: phone.phoneNumber, hint: t.phoneShown });
    } catch (error) {
      const hints = { user_denied: t.denied, privacy_denied: t.denied, no_quota: t.noQuota };
      this.setData({ hint: hints[error.code] || (error.action === "retap" ? t.retap : error.message) });
    }
  },

  complain(error) {
    if (error.code === "binding_required") wx.navigateTo({ url: "/pages/bind/bind" });
    else wx.showToast({ title: error.message, icon: "none" });
  },

  bind() {
    wx.navigateTo({ url: "/pages/bind/bind" });
  },
});
