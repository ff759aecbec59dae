// Which servers this version talks to. DevTools and the trial version use the machine on the desk.
const DESK = { menjin: "http://127.0.0.1:8700", shop: "http://127.0.0.1:8704" };
const PUBLIC = { menjin: "https://login.shanchapu.example", shop: "https://shop.shanchapu.example" };

const { miniProgram } = wx.getAccountInfoSync();

module.exports = miniProgram.envVersion === "release" ? PUBLIC : DESK;
