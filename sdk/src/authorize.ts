/** Permissions: asked for once by WeChat; after a refusal only the person can grant them, on the settings page. */
import { fromWx, MenjinError } from "./errors.js";
import type { Wx, WxFail } from "./wx.js";

/** Why the app needs the permission: shown after a refusal, with a way to the settings page. */
export type Explain = string | { title?: string; content: string; confirmText?: string; cancelText?: string };

/** Call wx, and return what it gives to `success`. */
export function call<R>(wx: Wx, api: keyof Wx, options: object = {}): Promise<R> {
  return new Promise((resolve, reject) => {
    const method = wx[api] as ((options: object) => unknown) | undefined;
    if (!method) {
      reject(new MenjinError("not_supported", { message: `wx.${api}` }));
      return;
    }
    const fail = (failed: WxFail): void => reject(fromWx(failed));
    try {
      method.call(wx, { ...options, success: resolve, fail });
    } catch (error) {
      reject(new MenjinError("wx_failed", { message: String(error) }));
    }
  });
}

/**
 * Return whether the person grants a scope, such as `scope.record`.
 *
 * Asks WeChat; after a refusal, now or earlier, explains and leads to the settings page, if there is something to explain.
 *
 * @throws MenjinError when it was not the person who refused: not declared, privacy, banned, no network.
 */
export async function authorize(wx: Wx, scope: string, explain?: Explain): Promise<boolean> {
  type Setting = { authSetting: Record<string, boolean | undefined> };
  const granted = ({ authSetting }: Setting): boolean | undefined => authSetting[scope];
  const known = granted(await call<Setting>(wx, "getSetting"));
  if (known) {
    return true;
  }
  if (known === undefined) {
    try {
      await call(wx, "authorize", { scope });
      return true;
    } catch (error) {
      if ((error as MenjinError).code !== "user_denied") {
        throw error;
      }
    }
  }
  if (!explain) {
    return false;
  }
  const words = typeof explain === "string" ? { content: explain } : explain;
  const { confirm } = await call<{ confirm: boolean }>(wx, "showModal", {
    title: "需要授权",
    confirmText: "去设置",
    cancelText: "取消",
    ...words,
  });
  return confirm ? !!granted(await call<Setting>(wx, "openSetting")) : false;
}
