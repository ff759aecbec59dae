const { menjin } = require("../../services/login");
const { words, title } = require("../../services/words");

Page({
  data: { t: words(), state: "ask", hint: "", choices: [], busy: false },
  ticket: "",

  onLoad() {
    title("bind");
  },

  onShow() {
    menjin.preparePrivateData().catch(() => undefined);
  },

  onPassword(event) {
    const { username, password } = event.detail.value;
    if (!username || !password) return;
    this.attempt(() => menjin.bind({ username, password, bindTicket: this.ticket || undefined }));
  },

  onPhone(event) {
    this.attempt(() => menjin.bindPhone(event));
  },

  async attempt(bind) {
    const t = this.data.t;
    this.setData({ busy: true, hint: "" });
    try {
      await bind();
      wx.showToast({ title: t.bound });
      this.setData({ state: "done" });
      setTimeout(() => wx.navigateBack(), 600);
    } catch (error) {
      this.explain(error);
    }
    this.setData({ busy: false });
  },

  explain(error) {
    const t = this.data.t;
    if (error.conflict) {
      this.ticket = error.conflict.bindTicket || "";
      const choices = error.conflict.choices.map((id) => ({ id, text: t.choices[id] || id }));
      const isMine = choices.some(({ id }) => id === "confirm");
      this.setData({ state: isMine ? "found" : "conflict", choices });
      return;
    }
    const hints = {
      user_denied: t.denied,
      no_quota: t.noQuota,
      credentials_invalid: t.wrongPassword,
      account_not_found: t.noMember,
    };
    this.setData({ hint: hints[error.code] || (error.action === "retap" ? t.retap : error.message) });
  },

  choose(event) {
    const choice = event.currentTarget.dataset.id;
    const t = this.data.t;
    if (choice === "confirm") this.attempt(() => menjin.bindPhone(null, this.ticket));
    else if (choice === "ask_operator") wx.showModal({ title: t.conflict, content: t.askOperator, showCancel: false });
    else if (choice === "move_with_password") this.setData({ state: "ask", hint: t.choices.move_with_password });
    else wx.navigateBack();
  },
});
