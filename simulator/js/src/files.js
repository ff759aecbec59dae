/**
 * Files of a mini program: temporary ones and those it keeps, in memory; per simulator, app, person and device.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/ability/file-system.html
 */

import { buffer, fromBase64, isArrayBuffer, text, toBase64, utf8 } from "./bytes.js";
import { needString, WxFail } from "./fail.js";

/** A picture of one pixel: somebody's avatar. */
const PIXEL =
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";
const TYPES = /** @type {Record<string, string>} */ ({
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  txt: "text/plain",
  json: "application/json",
  pdf: "application/pdf",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
});
/** @type {Map<string, Map<string, Uint8Array>>} */
const boxes = new Map();
let count = 0;

/** @param {string} path */
export function typeOf(path) {
  return TYPES[path.split(".").pop()?.toLowerCase() ?? ""] ?? "application/octet-stream";
}

/** Where a mini program's files lie. */
export class Files {
  /** @param {string} owner @param {string} platform */
  constructor(owner, platform) {
    this.entries = boxes.get(owner) ?? new Map();
    boxes.set(owner, this.entries);
    this.temporary = platform === "devtools" ? "http://tmp/" : "wxfile://tmp_";
    this.store = platform === "devtools" ? "http://store/" : "wxfile://store_";
  }

  /** Keep bytes as a temporary file. @param {Uint8Array} bytes @param {string} [extension] with its dot */
  keep(bytes, extension = "") {
    count += 1;
    const path = `${this.temporary}${Date.now().toString(16)}${String(count).padStart(6, "0")}${extension}`;
    this.entries.set(path, bytes);
    return path;
  }

  /** @param {string} path @param {Uint8Array} [bytes] */
  keepAvatar(path, bytes) {
    this.entries.set(path, bytes ?? fromBase64(PIXEL));
  }

  /** @param {unknown} path @param {string} verb */
  find(path, verb) {
    const name = needString(path, "parameter.filePath");
    const bytes = this.entries.get(name);
    if (!bytes) throw new WxFail(` no such file or directory, ${verb} '${name}'`, 1300002);
    return bytes;
  }
}

/** @param {unknown} data @param {unknown} encoding @returns {Uint8Array} */
function written(data, encoding) {
  if (isArrayBuffer(data)) return new Uint8Array(data).slice();
  const given = needString(data, "parameter.data");
  return encoding === "base64" ? fromBase64(given) : utf8(given);
}

/** @param {Uint8Array} bytes @param {unknown} encoding */
function shown(bytes, encoding) {
  if (encoding === undefined) return buffer(bytes);
  if (encoding === "base64") return toBase64(bytes);
  if (encoding === "hex") return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return text(bytes);
}

/**
 * wx.getFileSystemManager: each of its calls, with callbacks and as Sync.
 * @param {Files} files
 * @param {import("./calls.js").Caller} caller
 * @param {(api: string, error: unknown) => Error} thrown what a Sync call throws
 */
export function fileManager(files, caller, thrown) {
  const { entries } = files;
  /** @type {Record<string, (options: Record<string, unknown>) => Record<string, unknown> | undefined>} */
  const calls = {
    access: ({ path }) => {
      files.find(path, "access");
      return undefined;
    },
    readFile: ({ filePath, encoding }) => ({ data: shown(files.find(filePath, "open"), encoding) }),
    writeFile: ({ filePath, data, encoding }) => {
      entries.set(needString(filePath, "parameter.filePath"), written(data, encoding));
      return undefined;
    },
    unlink: ({ filePath }) => {
      files.find(filePath, "unlink");
      entries.delete(String(filePath));
      return undefined;
    },
    copyFile: ({ srcPath, destPath }) => {
      entries.set(needString(destPath, "parameter.destPath"), files.find(srcPath, "copyFile"));
      return undefined;
    },
    saveFile: ({ tempFilePath, filePath }) => {
      const bytes = files.find(tempFilePath, "saveFile");
      const savedFilePath =
        typeof filePath === "string" ? filePath : String(tempFilePath).replace(files.temporary, files.store);
      entries.delete(String(tempFilePath));
      entries.set(savedFilePath, bytes);
      return { savedFilePath };
    },
    getFileInfo: ({ filePath }) => ({ size: files.find(filePath, "stat").length }),
  };
  const order = /** @type {Record<string, string[]>} */ ({
    access: ["path"],
    readFile: ["filePath", "encoding"],
    writeFile: ["filePath", "data", "encoding"],
    unlink: ["filePath"],
    copyFile: ["srcPath", "destPath"],
    saveFile: ["tempFilePath", "filePath"],
  });
  /** @type {Record<string, unknown>} */
  const manager = {};
  for (const [api, run] of Object.entries(calls)) {
    manager[api] = caller.call(api, run, { promise: false });
    const names = order[api];
    if (names) manager[`${api}Sync`] = sync(api, run, names, thrown);
  }
  return () => manager;
}

/**
 * @param {string} api
 * @param {(options: Record<string, unknown>) => Record<string, unknown> | undefined} run
 * @param {string[]} names
 * @param {(api: string, error: unknown) => Error} thrown
 */
function sync(api, run, names, thrown) {
  return (/** @type {unknown[]} */ ...values) => {
    try {
      const answer = run(Object.fromEntries(names.map((name, at) => [name, values[at]])));
      return answer?.data ?? answer?.savedFilePath;
    } catch (error) {
      throw thrown(`${api}Sync`, error);
    }
  };
}
