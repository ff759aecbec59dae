/**
 * The privacy contract (WeChat 2.32.3 and later): nothing personal before the person has agreed to it.
 *
 * wx keeps one handler, the last; every question it asks must be answered, or the call behind it hangs for ever. Here
 * one question is shown at a time, whatever the number of calls behind it.
 */
import { call } from "./authorize.js";
import { MenjinError } from "./errors.js";
import type { Settings } from "./options.js";

/** A question to the person, with what to do about the answer. */
export interface PrivacyQuestion {
  /** What asked first: `getUserProfile`, `button.getPhoneNumber` … */
  referrer: string;
  /** Say that the contract is on the screen. */
  shown(): void;
  /** The person tapped `<button id=… open-type="agreePrivacyAuthorization">`; WeChat checks that it was really so. */
  agree(buttonId: string): void;
  disagree(): void;
}

export interface PrivacySetting {
  needAuthorization: boolean;
  /** `《…隐私保护指引》` */
  privacyContractName: string;
}

type Resolve = (answer: { event: string; buttonId?: string }) => void;

const REFUSAL_LASTS = 10_000; // WeChat fails further calls without asking for so long

export function openPrivacy({ wx, log }: Settings) {
  let waiting: Resolve[] = [];
  let refused = false;

  function refuse(): void {
    refused = true;
    setTimeout(() => {
      refused = false;
    }, REFUSAL_LASTS);
  }

  function settle(answer: { event: string; buttonId?: string }): void {
    const all = waiting;
    waiting = [];
    for (const resolve of all) {
      resolve(answer);
    }
  }

  return {
    /** Return whether the person still has to agree; false on a WeChat that does not ask. */
    setting: (): Promise<PrivacySetting> =>
      wx.getPrivacySetting
        ? call(wx, "getPrivacySetting")
        : Promise.resolve({ needAuthorization: false, privacyContractName: "" }),

    /** Show the question in the app's own words, on every page; the last `onNeed` wins. */
    onNeed(show: (question: PrivacyQuestion) => void): void {
      if (!wx.onNeedPrivacyAuthorization) {
        return;
      }
      const disagree = (): void => {
        refuse();
        settle({ event: "disagree" });
      };
      wx.onNeedPrivacyAuthorization((resolve: Resolve, info?: { referrer?: string }) => {
        if (waiting.push(resolve) > 1) {
          return;
        }
        try {
          show({
            referrer: info?.referrer || "",
            shown() {
              for (const one of waiting) {
                one({ event: "exposureAuthorization" });
              }
            },
            agree: (buttonId) => {
              refused = false;
              settle({ event: "agree", buttonId });
            },
            disagree,
          });
        } catch (error) {
          log("privacy_handler_failed", { error });
          disagree();
        }
      });
    },

    /** Ask now; within ten seconds of a refusal this fails at once, as WeChat would. */
    async require(): Promise<void> {
      if (refused) {
        throw new MenjinError("privacy_denied", { retryAfter: REFUSAL_LASTS / 1000 });
      }
      if (!wx.requirePrivacyAuthorize) {
        return;
      }
      try {
        await call(wx, "requirePrivacyAuthorize");
      } catch (error) {
        if ((error as MenjinError).code === "privacy_denied" && !refused) {
          refuse();
        }
        throw error;
      }
    },

    /** Show the contract. */
    openContract: (): Promise<unknown> => call(wx, "openPrivacyContract"),
  };
}
