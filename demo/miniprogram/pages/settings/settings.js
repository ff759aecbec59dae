const { menjin } = require("../../services/login");
const { words, title } = require("../../services/words");

const LOCATION = "scope.userFuzzyLocation";

Page({
  data: { t: words(), location: "", privacy: "", branch: 0, reminds: false },

  onLoad() {
    title("settings");
    const { branch = 0, reminds = false } = wx.getStorageSync("taste") || {};
    this.setData({ branch, reminds });
  },

  onShow() {
    this.load();
  },

  async load() {
    const t = this.data.t;
    const { authSetting } = await wx.getSetting();
    const asked = authSetting[LOCATION];
    this.setData({ location: asked === undefined ? t.notAsked : asked ? t.allowed : t.refused });
    wx.getPrivacySetting({
      success: ({ needAuthorization }) => {
        this.setData({ privacy: needAuthorization ? t.privacyNeeded : t.privacyAgreed });
      },
    });
  },

  async askLocation() {
    try {
      await menjin.authorize(LOCATION, { explain: this.data.t.locationWhy });
    } catch (_error) {
      // Refused: the page says so below, and nothing depends on it.
    }
    this.load();
  },

  chooseBranch(event) {
    this.keep({ branch: event.detail.value });
  },

  setReminder(event) {
    this.keep({ reminds: event.detail.value });
    if (event.detail.value) wx.vibrateShort({ type: "light" });
  },

  /** Matters of taste stay on the phone; they are nobody's identity. */
  keep(change) {
    this.setData(change);
    wx.setStorageSync("taste", { branch: this.data.branch, reminds: this.data.reminds });
  },

  openSettings() {
    wx.openSetting({ complete: () => this.load() });
  },

  readPrivacy() {
    wx.openPrivacyContract({});
  },

  unbind() {
    const t = this.data.t;
    this.confirm(t.unbind, t.unbindSure, async () => {
      await this.leave();
      wx.showToast({ title: t.unbound });
    });
  },

  /** Leave the membership; menjin wants a fresh proof of who it is, which a new login is. */
  async leave() {
    try {
      await menjin.unbind();
    } catch (error) {
      if (error.code !== "step_up_required") throw error;
      await menjin.stepUp();
      await menjin.unbind();
    }
  },

  signOut() {
    const t = this.data.t;
    this.confirm(t.signOut, t.signOutSure, async () => {
      await menjin.logout();
      wx.showToast({ title: t.signedOut });
      wx.switchTab({ url: "/pages/me/me" });
    });
  },

  confirm(question, content, run) {
    wx.showModal({
      title: question,
      content,
      success: async ({ confirm }) => {
        if (!confirm) return;
        try {
          await run();
        } catch (error) {
          wx.showToast({ title: error.message, icon: "none" });
        }
      },
    });
  },
});
