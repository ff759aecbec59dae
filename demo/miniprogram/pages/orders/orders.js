const shop = require("../../services/shop");
const { words, named, title } = require("../../services/words");

Page({
  data: { t: words(), state: "loading", orders: [], message: "" },

  onLoad() {
    title("orders");
  },

  onShow() {
    this.load();
  },

  onPullDownRefresh() {
    this.load().then(() => wx.stopPullDownRefresh());
  },

  async load() {
    try {
      const { orders } = await shop.orders();
      const shown = orders.map(({ id, name, price }) => ({ id, price, name: named(name) }));
      this.setData({ state: shown.length ? "some" : "none", orders: shown });
    } catch (error) {
      const needsMember = error.code === "binding_required";
      this.setData({ state: needsMember ? "bind" : "failed", message: error.message || "" });
    }
  },

  bind() {
    wx.navigateTo({ url: "/pages/bind/bind" });
  },
});
