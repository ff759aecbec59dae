const config = require("./config");
const { menjin } = require("./login");

/** Send a request that needs no login. */
function open(path) {
  return menjin.request({ url: config.shop + path, auth: "none" }).then(read);
}

/** Send a request as the member. */
function asMember(method, path, data) {
  return menjin.request({ url: config.shop + path, method, data }).then(read);
}

function read(reply) {
  if (reply.statusCode >= 400) {
    throw Object.assign(new Error(String(reply.statusCode)), { code: "shop_failed" });
  }
  return reply.data;
}

module.exports = {
  goods: () => open("/goods"),
  orders: () => asMember("GET", "/orders"),
  order: (good) => asMember("POST", "/orders", { good }),
  profile: () => asMember("GET", "/profile"),
  saveNickname: (nickname) => asMember("PUT", "/profile", { nickname }),
  sendAvatar: (filePath) => menjin.uploadFile({ url: `${config.shop}/avatar`, filePath, name: "avatar" }).then(read),
};
