// What a module of a mini program sees: what WeChat supplies, and nothing of the browser around it.

/** Given by the runtime, in this order. */
export const SUPPLIED = [
  "module",
  "exports",
  "require",
  "wx",
  "App",
  "Page",
  "Component",
  "Behavior",
  "getApp",
  "getCurrentPages",
  "console",
];

/** Never given: each is undefined inside a module, as on a phone. */
export const SHADOWED = [
  ..."window document self globalThis top parent frames opener location history navigator screen".split(" "),
  ..."fetch XMLHttpRequest WebSocket EventSource Worker SharedWorker BroadcastChannel MessageChannel".split(" "),
  ..."localStorage sessionStorage indexedDB caches cookieStore crypto performance".split(" "),
  ..."URL URLSearchParams TextEncoder TextDecoder AbortController Blob File FileReader FormData".split(" "),
  ..."Headers Request Response Image Audio Event CustomEvent MutationObserver DOMParser".split(" "),
  ..."atob btoa alert confirm prompt open close postMessage structuredClone queueMicrotask".split(" "),
  ..."requestAnimationFrame customElements process Buffer global Function Proxy".split(" "),
];
