const app = getApp();

Page({
  data: {
    list: [
      { id: 1, name: "first" },
      { id: 2, name: "second" },
    ],
    shown: true,
    count: 1,
    told: "",
    nested: { deep: ["x"] },
  },
  onLoad() {
    app.log.push("one load");
  },
  onShow() {
    app.log.push("one show");
  },
  onReady() {
    app.log.push("one ready");
    wx.createSelectorQuery && app.log.push("query");
  },
  onHide() {
    app.log.push("one hide");
  },
  onTabItemTap(item) {
    app.log.push(`tab ${item.index}`);
  },
  onReadyBox(event) {
    this.setData({ told: `box ${event.detail.count}` });
  },
  onMore(event) {
    this.setData({ count: this.data.count + event.detail.by, "nested.deep[0]": "y", "list[1].name": "changed" });
  },
  toggle() {
    this.setData({ shown: !this.data.shown });
  },
  outer() {
    this.setData({ told: `${this.data.told} outer` });
  },
  inner(event) {
    this.setData({ told: `inner ${event.currentTarget.dataset.id}` });
  },
  submit(event) {
    this.setData({ told: JSON.stringify(event.detail.value) });
  },
  reset() {
    this.setData({ told: "reset" });
  },
  go() {
    wx.navigateTo({ url: "../two/two?name=a%20b&n=1" });
  },
  wrong() {
    wx.navigateTo({ url: "/pages/tab/tab", fail: ({ errMsg }) => this.setData({ told: errMsg }) });
  },
  nowhere() {
    wx.navigateTo({ url: "/pages/none/none", fail: ({ errMsg }) => this.setData({ told: errMsg }) });
  },
  sheet() {
    wx.showActionSheet({
      itemList: ["tea", "water"],
      success: ({ tapIndex }) => this.setData({ told: `chose ${tapIndex}` }),
      fail: ({ errMsg }) => this.setData({ told: errMsg }),
    });
  },
  log() {
    this.setData({ told: app.log.join(", ") });
  },
});
