Page({
  data: { name: "", depth: 0 },
  onLoad(query) {
    wx.setNavigationBarTitle({ title: "Two" });
    this.setData({ name: decodeURIComponent(query.name), depth: getCurrentPages().length });
  },
  back() {
    wx.navigateBack();
  },
  again() {
    wx.redirectTo({ url: "/pages/two/two?name=again" });
  },
  start() {
    wx.reLaunch({ url: "/pages/one/one" });
  },
});
