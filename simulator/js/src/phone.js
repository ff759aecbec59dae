/** The way to the phone side of wxsim: one POST a call of `wx`, and a popup that waits for the person in between. */

import { FailAnswer, WxFail } from "./fail.js";

/**
 * @typedef {{ about: string, referrer: string, [more: string]: unknown }} Ask what a popup is about, and which call opened it
 * @typedef {{ answer: "allow" | "refuse", authSetting?: Record<string, boolean> }} Said
 * @typedef {{ tap?: boolean, timeout?: number }} Manner
 * @typedef {{ simulator: string, appid: string, person: string, device: string, baseLibrary: string, platform: string,
 *   ask: boolean, fetch: typeof fetch, onWarning: (text: string) => void }} Line
 */

const PATIENCE = 60_000;
/** WeChat's number for an error of its own, here for mistakes in the set-up. */
const INTERNAL = 4;
// As in calls.js: the real timers, whatever a test does to them later.
const { setTimeout, clearTimeout } = globalThis;

/** A line to one person's phone with one mini program open. */
export class Phone {
  /** @param {Line} line */
  constructor(line) {
    this.line = line;
    /** Whether the page listens to onNeedPrivacyAuthorization. */
    this.hasPrivacyListener = () => false;
    /** Put before a person: resolves with what the person says. @type {(ask: Ask, api: string, tap: boolean) => Promise<Said>} */
    this.askPerson = () => Promise.reject(new WxFail(" wxsim: nobody is there to answer the popup"));
  }

  /** @param {string} api @param {Record<string, string>} query */
  url(api, query) {
    const { simulator, appid, person, device, baseLibrary, platform } = this.line;
    const fields = Object.entries({ device, base_library: baseLibrary, platform, ...query });
    const pairs = fields.filter(([, value]) => value).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `${simulator}/_wx/${appid}/${encodeURIComponent(person)}/${api}?${pairs.join("&")}`;
  }

  /**
   * Make a call on the phone and see it through every popup.
   * @param {string} api
   * @param {Record<string, unknown>} [options]
   * @param {Manner} [manner]
   * @returns {Promise<Record<string, unknown>>} the success object
   */
  async call(api, options = {}, manner = {}) {
    /** @type {Record<string, string>} */
    let said = {};
    for (;;) {
      const query = { ...this.state(manner), ...said };
      const { status, answer } = await this.post(this.url(api, query), options, manner.timeout);
      if (status !== 202) return succeeded(answer);
      const ask = /** @type {Ask} */ (answer.ask);
      const reply = await this.askPerson(ask, api, manner.tap === true);
      said = { answer: reply.answer, about: ask.about };
      if (reply.authSetting) said.setting = JSON.stringify(reply.authSetting);
    }
  }

  /** @param {Manner} manner @returns {Record<string, string>} */
  state(manner) {
    /** @type {Record<string, string>} */
    const query = {};
    if (manner.tap) query.tap = "1";
    if (this.hasPrivacyListener()) query.handler = "1";
    if (this.line.ask) query.ask = "1";
    return query;
  }

  /**
   * @param {string} url
   * @param {Record<string, unknown>} options
   * @param {number} [timeout] milliseconds
   */
  async post(url, options, timeout) {
    const gone = new AbortController();
    const timer = setTimeout(() => gone.abort(), timeout && timeout > 0 ? timeout : PATIENCE);
    try {
      const response = await this.line.fetch(url, {
        method: "POST",
        body: JSON.stringify(options),
        signal: gone.signal,
      });
      const answer = /** @type {Record<string, unknown>} */ (await response.json());
      if (response.status >= 400) throw new WxFail(` wxsim: ${answer.detail ?? `HTTP ${response.status}`}`, INTERNAL);
      const warning = response.headers.get("x-wxsim-warning");
      if (warning) this.line.onWarning(warning);
      return { status: response.status, answer };
    } catch (error) {
      if (error instanceof WxFail) throw error;
      if (gone.signal.aborted) throw new WxFail(" timeout", 5);
      if (error instanceof SyntaxError) throw new WxFail(" jsapi invalid request data", 101);
      throw new WxFail(` wxsim: no simulator at ${this.line.simulator}; start one with: wxsim serve`, INTERNAL);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {Record<string, unknown>} answer */
function succeeded(answer) {
  if (/:ok$/.test(String(answer.errMsg))) return answer;
  throw new FailAnswer(/** @type {import("./fail.js").FailObject} */ (answer));
}
