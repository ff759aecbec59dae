/** Puts one phone together: who calls whom, and what `wx` has in the end. */

import { buffer } from "./bytes.js";
import { Caller } from "./calls.js";
import { canIUse } from "./can-i-use.js";
import { Events } from "./events.js";
import { factCalls, launchOptions, referer } from "./facts.js";
import { failObject, WxFail } from "./fail.js";
import { Files, fileManager, typeOf } from "./files.js";
import { Network } from "./network.js";
import { openCalls } from "./open.js";
import { Phone } from "./phone.js";
import { Privacy } from "./privacy.js";
import { Sockets } from "./socket.js";
import { Shelf, storageCalls } from "./storage.js";
import { tapper } from "./tap.js";
import { transferCalls } from "./transfers.js";
import { uiCalls } from "./ui.js";
import { atLeast, DEFAULT_LIBRARY, SINCE } from "./versions.js";

const FIRST_APPID = "wxde30000000000001";
/** How long after a tap or a dialog's button the settings page may still be opened. */
const GESTURE_LASTS = 1000;
const { setTimeout } = globalThis;

/**
 * @typedef {import("./options.js").CreateOptions} CreateOptions
 * @typedef {{ carrier: import("./network.js").Carrier, dial: import("./socket.js").Dial }} Wires
 * @typedef {(phone: Phone, checkDomain: (url: string) => Promise<void>) => Wires} MakeWires
 */

/** Rethrow in a turn of its own, so that a mini program's mistake is seen and stops nothing. @param {unknown} error */
function surface(error) {
  setTimeout(() => {
    throw error;
  }, 0);
}

/** @param {string} text */
function warn(text) {
  // biome-ignore lint/suspicious/noConsole: WeChat's own warnings are in the console too
  console.warn(`wxsim: ${text}`);
}

/** @param {CreateOptions} given */
function completed(given) {
  const { simulator = "http://127.0.0.1:8701", consent, host = {} } = given;
  return {
    appid: FIRST_APPID,
    person: "ming",
    device: "d1",
    platform: /** @type {"ios"} */ ("ios"),
    baseLibrary: DEFAULT_LIBRARY,
    envVersion: /** @type {"release"} */ ("release"),
    version: "1.0.0",
    releaseNumber: 1,
    language: "zh_CN",
    launch: {},
    timeouts: {},
    Promise: globalThis.Promise,
    onError: surface,
    onWarning: warn,
    ...given,
    fetch: given.fetch ?? globalThis.fetch.bind(globalThis),
    simulator: simulator.replace(/\/+$/, ""),
    consent,
    host,
  };
}

/**
 * Make the `wx` object of one mini program on one person's phone.
 * @param {CreateOptions} given
 * @param {MakeWires} makeWires
 * @returns {Record<string, any>}
 */
export function create(given, makeWires) {
  const options = completed(given);
  const caller = new Caller(options);
  const events = new Events(caller);
  caller.onError = (error) => {
    if (!events.emit("Error", errorText(error))) options.onError(error);
  };
  const privacy = new Privacy(caller, options.onWarning);
  const phone = new Phone({
    ...options,
    platform: given.platform ?? "",
    baseLibrary: given.baseLibrary ?? "",
    ask: options.consent !== undefined,
  });
  const gestures = new Gestures();
  phone.hasPrivacyListener = () => privacy.listener !== undefined;
  phone.askPerson = (ask, api, tap) => answerAsk(options, privacy, ask, { api, tap });
  const checkDomain = domainCheck(phone, options.urlCheck === true);
  const common = { caller, checkDomain, referer: () => referer(options) };
  const { carrier, dial } = makeWires(phone, checkDomain);
  const network = new Network({ ...common, carrier, timeouts: options.timeouts });
  const timeout = options.timeouts.connectSocket ?? 60_000;
  const sockets = new Sockets({ ...common, dial, timeout, isOffline: () => network.state === "none" });
  network.onInterrupt = () => sockets.interrupt();
  const owner = [options.simulator, options.appid, options.person, options.device].join("|");
  const files = new Files(owner, options.platform);
  const fails = (/** @type {string} */ api, /** @type {unknown} */ error) => thrown(api, error, caller.withErrno);
  const { host } = options;
  /** @type {Record<string, unknown>} */
  const wx = {
    ...uiCalls(host, caller, () => gestures.note()),
    ...factCalls(options, caller),
    ...storageCalls(new Shelf(owner, options.storage), caller, fails),
    ...openCalls(phone, caller, { isTapped: (api) => gestures.allows(api), host }),
    ...transferCalls(network, files),
    ...sockets.calls(),
    ...events.calls(),
    getFileSystemManager: fileManager(files, caller, fails),
    getNetworkType: caller.call("getNetworkType", () => ({
      ...networkType(network),
      hasSystemProxy: false,
      signalStrength: -50,
      weakNet: false,
    })),
    onNeedPrivacyAuthorization: (/** @type {unknown} */ listener) => privacy.listen(listener),
    request: (/** @type {unknown} */ asked) => network.request(asked),
  };
  trim(wx, options.baseLibrary);
  wx.canIUse = canIUse(wx, options.baseLibrary);
  const keepAvatar = files.keepAvatar.bind(files);
  return Object.assign(wx, {
    $tap: tapper(phone, caller, { buttonTapped: (id) => privacy.buttonTapped(id), keepAvatar }),
    $gesture: (/** @type {() => unknown} */ run) => gestures.during(run),
    $file: (/** @type {string} */ path) => fileOf(files, path),
    $keepFile: (/** @type {ArrayBuffer} */ data, /** @type {string} */ extension) =>
      files.keep(new Uint8Array(data).slice(), extension),
    ...controls({ network, events, phone, options }),
  });
}

/**
 * What a test or a page does to the phone, rather than a mini program.
 * @param {{ network: Network, events: Events, phone: Phone, options: ReturnType<typeof completed> }} parts
 */
function controls({ network, events, phone, options }) {
  return {
    $network: (/** @type {"good" | "none"} */ state) => {
      if (state === network.state) return;
      network.become(state);
      events.emit("NetworkStatusChange", { isConnected: state !== "none", ...networkType(network) });
    },
    $hide: () => {
      if (network.inBackground) return;
      network.hide();
      events.emit("AppHide", { reason: 1 });
    },
    $show: () => {
      if (!network.inBackground) return;
      network.show();
      events.emit("AppShow", launchOptions(options));
    },
    $sync: async () => {
      const app = await phone.call("getAccountInfoSync");
      const device = await phone.call("getSystemInfoSync");
      const { envVersion, version } = /** @type {any} */ (app.miniProgram);
      const { SDKVersion: baseLibrary, platform, language } = /** @type {any} */ (device);
      Object.assign(options, { envVersion, version: version || options.version, baseLibrary, platform, language });
    },
  };
}

/** @param {Network} network */
function networkType({ state }) {
  return { networkType: state === "none" ? "none" : "wifi" };
}

/** @param {Files} files @param {string} path */
function fileOf(files, path) {
  const bytes = files.entries.get(path);
  return bytes ? { data: buffer(bytes), type: typeOf(path) } : undefined;
}

/** @param {unknown} error */
function errorText(error) {
  const { message = String(error), stack = "" } = /** @type {Error} */ (error ?? {});
  return `${message}\n${stack}`;
}

/** When the person has tapped: some calls are refused otherwise. */
class Gestures {
  constructor() {
    this.inside = 0;
    this.lastsUntil = 0;
  }

  note() {
    this.lastsUntil = Date.now() + GESTURE_LASTS;
  }

  /** Run a tap's handler: the calls it makes at once are made by a tap. @param {() => unknown} run */
  during(run) {
    this.note();
    this.inside += 1;
    try {
      return run();
    } finally {
      this.inside -= 1;
    }
  }

  /** @param {string} api */
  allows(api) {
    if (this.inside > 0) return true;
    return api === "openSetting" && Date.now() < this.lastsUntil;
  }
}

/**
 * Answer a popup: the page's own if it registered for the contract, else the host's.
 * @param {ReturnType<typeof completed>} options
 * @param {Privacy} privacy
 * @param {import("./phone.js").Ask} ask
 * @param {{ api: string, tap: boolean }} call
 * @returns {Promise<import("./phone.js").Said>}
 */
async function answerAsk(options, privacy, ask, { api, tap }) {
  const referrer = tap ? `button.${api}` : api;
  if (ask.about === "privacy" && privacy.listener) return { answer: await privacy.ask(referrer) };
  if (!options.consent) {
    throw new WxFail(
      ` wxsim: the popup ${JSON.stringify(ask.about)} waits for an answer; give createWx a consent handler`,
    );
  }
  const said = await options.consent({ ...ask, referrer, api });
  if (typeof said === "object" && said !== null) return { answer: "allow", authSetting: said.authSetting };
  return { answer: said === true || said === "allow" ? "allow" : "refuse" };
}

/** @param {Phone} phone @param {boolean} wanted @returns {(url: string) => Promise<void>} */
function domainCheck(phone, wanted) {
  return async (url) => {
    if (!wanted) return;
    const { allowed } = await phone.call("checkDomain", { url });
    if (!allowed) throw new WxFail(" url not in domain list", 600002);
  };
}

/** @param {string} api @param {unknown} error @param {boolean} withErrno */
function thrown(api, error, withErrno) {
  const answer = failObject(api, error, withErrno);
  return Object.assign(new Error(answer.errMsg), answer);
}

/** Take away what the base library does not have yet. @param {Record<string, unknown>} wx @param {string} baseLibrary */
function trim(wx, baseLibrary) {
  for (const [api, since] of Object.entries(SINCE)) if (!atLeast(baseLibrary, since)) delete wx[api];
}
