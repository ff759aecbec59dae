import { isMenjinError } from "menjin";
import { explain, menjin } from "../../utils/menjin";

Page({
  data: { username: "", password: "", ticket: "", ask: "" },

  onUnload() {
    menjin.giveUpBinding();
  },

  onUsername(event: WechatMiniprogram.Input) {
    this.setData({ username: event.detail.value });
  },

  onPassword(event: WechatMiniprogram.Input) {
    this.setData({ password: event.detail.value });
  },

  onBind() {
    const { username, password, ticket } = this.data;
    return this.run(() => menjin.bind({ username, password, bindTicket: ticket || undefined }));
  },

  onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    return this.run(() => menjin.bindPhone(event));
  },

  onConfirm() {
    return this.run(() => menjin.bindPhone(null, this.data.ticket));
  },

  async run(bind: () => Promise<unknown>) {
    try {
      await bind();
      wx.navigateBack();
    } catch (error) {
      if (isMenjinError(error) && error.conflict) {
        const { choices, bindTicket = "" } = error.conflict;
        const ask = choices.includes("confirm")
          ? "confirm"
          : choices.includes("move_with_password")
            ? "password"
            : "other";
        this.setData({ ticket: bindTicket, ask });
      } else if (isMenjinError(error) && error.code === "credentials_invalid") {
        wx.showToast({ title: "账号或密码不正确", icon: "none" });
      } else {
        explain(error);
      }
    }
  },
});
