import { explain, menjin } from "../../utils/menjin";

Page({
  data: { who: "…", phone: "", steps: "", mayRecord: "" },

  async onLoad() {
    try {
      const { account } = await menjin.ready();
      this.setData({ who: account ? account.id : "已登录，未绑定" });
      await menjin.preparePrivateData(); // so that the number can be read at the first tap
    } catch (error) {
      explain(error);
    }
  },

  async onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    try {
      const { phoneNumber } = await menjin.phoneNumber(event);
      this.setData({ phone: phoneNumber });
    } catch (error) {
      explain(error);
    }
  },

  // The other way: look when the person taps, and ask for a second tap if a login was needed.
  async onSteps() {
    try {
      const { loggedIn } = await menjin.preparePrivateData();
      if (loggedIn) {
        wx.showToast({ title: "请再点一次", icon: "none" });
        return;
      }
      const data = await menjin.openData<{ stepInfoList: { step: number }[] }>(await wx.getWeRunData({}), "werun");
      const today = data.stepInfoList[data.stepInfoList.length - 1];
      this.setData({ steps: today ? String(today.step) : "0" });
    } catch (error) {
      explain(error);
    }
  },

  async onRecord() {
    try {
      const granted = await menjin.authorize("scope.record", { explain: "用来发送语音留言" });
      this.setData({ mayRecord: granted ? "可以录音" : "没有权限" });
    } catch (error) {
      explain(error);
    }
  },

  toBind() {
    wx.navigateTo({ url: "/pages/bind/bind" });
  },

  async onSignOut() {
    await menjin.logout();
    this.setData({ who: "已退出", phone: "" });
  },
});
