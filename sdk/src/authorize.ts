/** Permissions: asked for once by WeChat; after a refusal only the person can grant them, on the settings page. */
import type { MenjinError } from "./errors.js";
import { ask, type Wx } from "./wx.js";

/** Why the app needs the permission: shown after a refusal, with a way to the settings page. Other words are wx.showModal's. */
export type Explain = string | { content: string; title?: string; confirmText?: string; cancelText?: string };

interface Setting {
  authSetting: Record<string, boolean | undefined>;
}

/**
 * Return whether the person grants a scope, such as `scope.record`.
 *
 * Asks WeChat; after a refusal, now or earlier, explains and leads to the settings page, if there is something to explain.
 *
 * @throws MenjinError when it was not the person who refused: not declared, privacy, banned, no network.
 */
export async function authorize(wx: Wx, scope: string, explain?: Explain): Promise<boolean> {
  const { authSetting } = await ask<Setting>(wx, "getSetting");
  let granted = authSetting[scope];
  if (granted === undefined) {
    granted = await ask(wx, "authorize", { scope }).then(
      () => true,
      (error: MenjinError) => {
        if (error.code !== "user_denied") {
          throw error;
        }
        return false;
      },
    );
  }
  if (granted || !explain) {
    return granted;
  }
  const words = typeof explain === "string" ? { content: explain } : explain;
  const asked = await ask<{ confirm: boolean }>(wx, "showModal", { confirmText: "去设置", ...words });
  return asked.confirm && !!(await ask<Setting>(wx, "openSetting")).authSetting[scope];
}
