/** What happens to the mini program as a whole: shown, hidden, network gained or lost, an error nobody caught. */

const NAMES = [
  "AppShow",
  "AppHide",
  "NetworkStatusChange",
  "Error",
  "UnhandledRejection",
  "PageNotFound",
  "ThemeChange",
  "MemoryWarning",
];

/** Who listens to what. */
export class Events {
  /** @param {import("./calls.js").Caller} caller */
  constructor(caller) {
    this.caller = caller;
    /** @type {Map<string, Set<unknown>>} */
    this.listeners = new Map(NAMES.map((name) => [name, new Set()]));
  }

  /** Tell everybody who listens, later. @param {string} name @param {unknown} value @returns {boolean} whether anybody does */
  emit(name, value) {
    const listeners = [...(this.listeners.get(name) ?? [])];
    for (const listener of listeners) this.caller.later(() => this.caller.tell(listener, value));
    return listeners.length > 0;
  }

  calls() {
    /** @type {Record<string, (listener?: unknown) => void>} */
    const calls = {};
    for (const [name, listeners] of this.listeners) {
      calls[`on${name}`] = (listener) => {
        if (typeof listener === "function") listeners.add(listener);
      };
      calls[`off${name}`] = (listener) => {
        if (listener === undefined) listeners.clear();
        else listeners.delete(listener);
      };
    }
    return calls;
  }
}
