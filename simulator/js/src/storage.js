/**
 * A mini program's storage: per simulator, app, person and device, with WeChat's limits.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/ability/storage.html
 */

import { utf8 } from "./bytes.js";
import { optionsOf, plain } from "./calls.js";
import { needString, typeName, WxFail } from "./fail.js";

const KILO = 1024;
const LIMITS = { key: KILO * KILO, total: 10 * KILO * KILO };
const ENCRYPTED_LIMITS = { key: Math.floor(0.7 * KILO * KILO), total: Math.floor(7.1 * KILO * KILO) };

/**
 * @typedef {{ type: string, text: string, encrypted?: boolean }} Kept
 * @typedef {{ getItem(key: string): string | null, setItem(key: string, value: string): void,
 *   removeItem(key: string): void }} WebStorage
 */

/** What outlives a mini program's restart within this process. @type {Map<string, Map<string, Kept>>} */
const shelves = new Map();

/** One mini program's shelf: in this process's memory, or in what behaves like localStorage. */
export class Shelf {
  /**
   * @param {string} owner
   * @param {WebStorage} [disk]
   */
  constructor(owner, disk) {
    this.name = `wxsim:storage:${owner}`;
    this.disk = disk;
    const found = shelves.get(this.name) ?? new Map();
    if (!disk) shelves.set(this.name, found);
    /** @type {Map<string, Kept>} */
    this.entries = disk ? read(disk, this.name) : found;
  }

  save() {
    this.disk?.setItem(this.name, JSON.stringify(Object.fromEntries(this.entries)));
  }

  /** Put an entry, or leave everything as it was where the disk takes no more. @param {string} key @param {Kept} value */
  replace(key, value) {
    const before = this.entries.get(key);
    this.entries.set(key, value);
    try {
      this.save();
    } catch {
      if (before) this.entries.set(key, before);
      else this.entries.delete(key);
      throw new WxFail(" exceed storage max size 10Mb");
    }
  }

  /** @param {string} key @param {unknown} data @param {boolean} [encrypted] */
  put(key, data, encrypted = false) {
    const value = kept(data, encrypted);
    const limits = encrypted ? ENCRYPTED_LIMITS : LIMITS;
    const size = sizeOf(value);
    if (size > limits.key) throw new WxFail(":entry size limit reached");
    if (this.size(encrypted, key) + size > limits.total) throw new WxFail(" exceed storage max size 10Mb");
    this.replace(key, value);
  }

  /** The bytes used, without those of one key. @param {boolean} encrypted @param {string} [but] */
  size(encrypted, but) {
    let sum = 0;
    for (const [key, value] of this.entries) {
      if (key !== but && Boolean(value.encrypted) === encrypted) sum += sizeOf(value);
    }
    return sum;
  }

  /** @param {string} key @param {boolean} [encrypted] @returns {Kept | undefined} */
  find(key, encrypted = false) {
    const value = this.entries.get(key);
    return value && Boolean(value.encrypted) === encrypted ? value : undefined;
  }

  /** @param {string} key */
  remove(key) {
    this.entries.delete(key);
    this.save();
  }

  clear() {
    this.entries.clear();
    this.save();
  }

  info() {
    const used = this.size(false) + this.size(true);
    return { keys: [...this.entries.keys()], currentSize: Math.ceil(used / KILO), limitSize: LIMITS.total / KILO };
  }
}

/** What is no storage of ours counts as none. @param {WebStorage} disk @param {string} name @returns {Map<string, Kept>} */
function read(disk, name) {
  try {
    return new Map(Object.entries(JSON.parse(disk.getItem(name) ?? "{}")));
  } catch {
    return new Map();
  }
}

/** @param {Kept} value */
function sizeOf(value) {
  return utf8(value.text).length;
}

/** @param {unknown} data @param {boolean} encrypted @returns {Kept} */
function kept(data, encrypted) {
  const type = typeName(data);
  const value = { type, text: serialised(type, data) };
  return encrypted ? { ...value, encrypted } : value;
}

/** @param {string} type @param {unknown} data */
function serialised(type, data) {
  if (["String", "Number", "Boolean", "Undefined", "Null"].includes(type)) return String(data);
  if (type === "Date") return /** @type {Date} */ (data).toISOString();
  try {
    return JSON.stringify(data) ?? "";
  } catch (error) {
    throw new WxFail(` ${/** @type {Error} */ (error).message.split("\n")[0]}`);
  }
}

/** @type {Record<string, (text: string) => unknown>} */
const READERS = {
  String: (text) => text,
  Number,
  Boolean: (text) => text === "true",
  Undefined: () => undefined,
  Null: () => null,
  Date: (text) => new Date(text),
};

/** @param {Kept} value */
function restored(value) {
  const read = READERS[value.type];
  if (read) return read(value.text);
  return value.text === "" ? "" : JSON.parse(value.text);
}

/** @param {unknown} list @param {string} name @returns {unknown[]} */
function needArray(list, name) {
  if (!Array.isArray(list)) {
    throw new WxFail(` parameter error: ${name} should be Array instead of ${typeName(list)};`, 1001);
  }
  return list;
}

/**
 * The calls of storage.
 * @param {Shelf} shelf
 * @param {import("./calls.js").Caller} caller
 * @param {(api: string, error: unknown) => Error} thrown what a Sync call throws
 */
export function storageCalls(shelf, caller, thrown) {
  /** @param {string} api @param {(...values: never[]) => unknown} run */
  const sync = (api, run) => [
    api,
    (/** @type {unknown[]} */ ...values) => {
      try {
        return run(.../** @type {never[]} */ (values));
      } catch (error) {
        throw thrown(api, error);
      }
    },
  ];
  /** @param {string} api @param {(options: import("./calls.js").Options) => Record<string, unknown> | undefined} run */
  const async = (api, run) => [api, caller.call(api, run)];

  /** @param {import("./calls.js").Options} options */
  const get = (options) => {
    const found = shelf.find(needString(options.key, "parameter.key"), options.encrypt === true);
    if (!found) throw new WxFail(" data not found");
    return restored(found);
  };
  /** @param {unknown} key */
  const getOrEmpty = (key) => {
    const found = shelf.find(needString(key, "parameter"));
    return found ? restored(found) : "";
  };
  /** @param {unknown} list */
  const putAll = (list) => {
    for (const entry of needArray(list, "parameter.kvList")) {
      const { key, value } = optionsOf(entry);
      shelf.put(needString(key, "parameter.key"), value);
    }
  };

  return Object.fromEntries([
    async("setStorage", (options) => {
      shelf.put(needString(options.key, "parameter.key"), options.data, options.encrypt === true);
      return undefined;
    }),
    async("getStorage", (options) => ({ data: get(options) })),
    async("removeStorage", (options) => {
      shelf.remove(needString(options.key, "parameter.key"));
      return undefined;
    }),
    async("clearStorage", () => {
      shelf.clear();
      return undefined;
    }),
    async("getStorageInfo", () => shelf.info()),
    async("batchSetStorage", (options) => {
      putAll(plain(options).kvList);
      return undefined;
    }),
    async("batchGetStorage", (options) => ({
      dataList: needArray(options.keyList, "parameter.keyList").map(getOrEmpty),
    })),
    sync("setStorageSync", (/** @type {unknown} */ key, /** @type {unknown} */ data) =>
      shelf.put(needString(key, "parameter"), data),
    ),
    sync("getStorageSync", getOrEmpty),
    sync("removeStorageSync", (/** @type {unknown} */ key) => shelf.remove(needString(key, "parameter"))),
    sync("clearStorageSync", () => shelf.clear()),
    sync("getStorageInfoSync", () => shelf.info()),
    sync("batchSetStorageSync", putAll),
    sync("batchGetStorageSync", (/** @type {unknown} */ keys) => needArray(keys, "parameter").map(getOrEmpty)),
  ]);
}
