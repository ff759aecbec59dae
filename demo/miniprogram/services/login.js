const { createMenjin } = require("menjin");
const config = require("./config");
const { words } = require("./words");

/** The one login of the whole mini program. */
const menjin = createMenjin({
  baseURL: config.menjin,
  trusted: [config.shop],
  onSignedOut() {
    wx.showToast({ title: words().signedOut, icon: "none" });
  },
});

module.exports = { menjin };
