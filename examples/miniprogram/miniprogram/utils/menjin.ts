import { createMenjin, isMenjinError } from "menjin";

export const menjin = createMenjin({
  baseURL: "http://127.0.0.1:8700",
  onNeedBinding: () => wx.navigateTo({ url: "/pages/bind/bind" }),
  onSignedOut: ({ code }) => {
    const why = code === "replaced" ? "账号已在别处登录" : "已退出登录";
    wx.showModal({ title: why, confirmText: "重新登录", success: ({ confirm }) => confirm && void menjin.login() });
  },
});

/** Say in the person's words what went wrong; nothing if it was the person's own wish. */
export function explain(error: unknown): void {
  if (!isMenjinError(error)) throw error;
  if (error.code === "user_denied" || error.code === "aborted") return;
  const title = error.action === "retap" ? "请再点一次" : error.code === "no_quota" ? "请手动输入号码" : "请稍后再试";
  wx.showToast({ title, icon: "none" });
}
