/**
 * The privacy contract (WeChat 2.32.3 and later): nothing personal before the person has agreed to it.
 *
 * wx keeps one handler, the last; every question it asks must be answered, or the call behind it hangs for ever. Here
 * one question is shown at a time, whatever the number of calls behind it.
 */
import type { Settings } from "./options.js";
import { ask } from "./wx.js";

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

type Resolve = (answer: { event: string; buttonId?: string | undefined }) => void;

export function openPrivacy({ wx, log }: Settings) {
  let open: Resolve[] | undefined; // the calls that wait for the question on the screen

  return {
    /** Return whether the person still has to agree; false on a WeChat that does not ask. */
    setting: async (): Promise<PrivacySetting> =>
      wx.getPrivacySetting ? ask(wx, "getPrivacySetting") : { needAuthorization: false, privacyContractName: "" },

    /** Show the question in the app's own words; the last `onNeed` wins. */
    onNeed: (show: (question: PrivacyQuestion) => void): void =>
      wx.onNeedPrivacyAuthorization?.((resolve: Resolve, { referrer = "" } = {}) => {
        if (open) {
          open.push(resolve);
          return;
        }
        const asked = [resolve];
        open = asked;
        const answer = (event: string, buttonId?: string): void => {
          for (const one of asked) {
            one({ event, buttonId });
          }
        };
        const decide = (event: string, buttonId?: string): void => {
          open = undefined;
          answer(event, buttonId);
        };
        const disagree = (): void => decide("disagree");
        try {
          show({
            referrer,
            shown: () => answer("exposureAuthorization"),
            agree: (buttonId) => decide("agree", buttonId),
            disagree,
          });
        } catch (error) {
          log("privacy", error);
          disagree();
        }
      }),

    /** Ask now. After a refusal WeChat asks nobody for ten seconds: the error's `retryAfter`. */
    require: async (): Promise<unknown> => wx.requirePrivacyAuthorize && ask(wx, "requirePrivacyAuthorize"),

    /** Show the contract. */
    openContract: (): Promise<unknown> => ask(wx, "openPrivacyContract"),
  };
}
