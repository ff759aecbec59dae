const { menjin } = require("../../services/login");
const { words, title } = require("../../services/words");

/** Return a time as a person reads it. */
function readable(time) {
  return String(time).replace("T", " ").slice(0, 16);
}

function labelOf(device) {
  return device ? device.label : "";
}

Page({
  data: { t: words(), sessions: [], hasOthers: false, message: "" },

  onLoad() {
    title("devices");
  },

  onShow() {
    this.load();
  },

  async load() {
    const t = this.data.t;
    try {
      const found = await menjin.sessions();
      const sessions = found.map((session) => ({
        id: session.sessionId,
        mine: session.isCurrent,
        name: labelOf(session.device) || t.otherPhone,
        note: session.isCurrent ? t.thisPhone : `${t.lastSeen} ${readable(session.lastSeenAt)}`,
      }));
      this.setData({ sessions, hasOthers: sessions.length > 1, message: "" });
    } catch (error) {
      this.setData({ sessions: [], hasOthers: false, message: error.message });
    }
  },

  async end(event) {
    await this.attempt(() => menjin.endSession(event.currentTarget.dataset.id));
  },

  async endOthers() {
    await this.attempt(async () => {
      for (const session of this.data.sessions) {
        if (!session.mine) await menjin.endSession(session.id);
      }
    });
  },

  async attempt(run) {
    try {
      await run();
      wx.showToast({ title: this.data.t.ended });
    } catch (error) {
      wx.showToast({ title: error.message, icon: "none" });
    }
    this.load();
  },
});
