/**
 * What createWx takes; every field may be left out.
 * @typedef {object} CreateOptions
 * @property {string} [simulator] where wxsim serves
 * @property {string} [appid]
 * @property {string} [person]
 * @property {string} [device]
 * @property {"ios" | "android" | "devtools"} [platform] wording of refusals, Referer, paths of files
 * @property {string} [baseLibrary]
 * @property {"develop" | "trial" | "release"} [envVersion]
 * @property {string} [version]
 * @property {number} [releaseNumber] what a release's Referer names
 * @property {string} [language]
 * @property {{ path?: string, query?: Record<string, string>, scene?: number }} [launch]
 * @property {Record<string, number>} [timeouts] app.json's networkTimeout, in milliseconds
 * @property {boolean} [urlCheck] check request domains, as DevTools does unless its switch is off
 * @property {boolean} [viaSimulator] send requests by way of the simulator, as in a browser
 * @property {(ask: import("./phone.js").Ask & { api: string }) => any} [consent] answers popups
 * @property {Record<string, (options: any) => unknown>} [host] shows pages, dialogs, toasts
 * @property {import("./storage.js").WebStorage} [storage] keeps storage longer than this process
 * @property {PromiseConstructor} [Promise] the mini program's own
 * @property {typeof fetch} [fetch]
 * @property {(error: unknown) => void} [onError] what a mini program's callback threw
 * @property {(text: string) => void} [onWarning]
 */

export {};
