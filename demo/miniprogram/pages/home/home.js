const { menjin } = require("../../services/login");
const shop = require("../../services/shop");
const { words, named, title } = require("../../services/words");

Page({
  isBack: false,
  data: { t: words(), hello: "", note: "", goods: [], failed: false },

  onLoad() {
    const t = words();
    title("home");
    t.tabs.forEach((text, index) => {
      wx.setTabBarItem({ index, text });
    });
    this.setData({ hello: t.hello, note: t.guest });
    this.loadGoods();
  },

  async onShow() {
    const t = words();
    try {
      // The login told who this is; after a while elsewhere the server is asked, for much may have changed.
      const account = this.isBack ? await menjin.account() : (await menjin.ready()).account;
      this.isBack = true;
      const known = account ? account.externalId : "";
      this.setData({ hello: known ? t.helloMember.replace("{name}", known) : t.hello, note: t.silent });
    } catch (_error) {
      this.setData({ hello: t.hello, note: t.guest });
    }
  },

  async loadGoods() {
    try {
      const { goods } = await shop.goods();
      const shown = goods.map((good) => ({
        id: good.id,
        price: good.price,
        name: named(good.name),
        from: named(good.from),
      }));
      this.setData({ goods: shown, failed: false });
    } catch (_error) {
      this.setData({ failed: true });
    }
  },

  async buy(event) {
    const t = words();
    wx.showLoading({ title: t.loading });
    try {
      await shop.order(event.currentTarget.dataset.id);
      wx.showToast({ title: t.bought });
    } catch (error) {
      wx.hideLoading();
      if (error.code === "binding_required") wx.navigateTo({ url: "/pages/bind/bind" });
      else wx.showToast({ title: error.message || t.failed, icon: "none" });
    }
  },
});
