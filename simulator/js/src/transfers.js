/**
 * wx.uploadFile and wx.downloadFile: requests with a file at one end.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/api/network/upload/wx.uploadFile.html
 */

import { joined, text, utf8 } from "./bytes.js";
import { optionsOf, plain } from "./calls.js";
import { needString, typeName, WxFail } from "./fail.js";
import { typeOf } from "./files.js";
import { checkedUrl, headerOf, headOf } from "./message.js";

const EXTENSIONS = /** @type {Record<string, string>} */ ({
  "image/jpeg": ".jpg",
  "image/png": ".png",
  "image/gif": ".gif",
  "image/webp": ".webp",
  "application/pdf": ".pdf",
  "application/json": ".json",
  "text/plain": ".txt",
});

/**
 * @param {import("./network.js").Network} network
 * @param {import("./files.js").Files} files
 */
export function transferCalls(network, files) {
  return {
    uploadFile: (/** @type {unknown} */ given) => {
      const options = optionsOf(given);
      return network.start("uploadFile", options, async (task) => {
        const { url, headers, body } = uploaded(plain(options), files);
        const timeout = network.timeout("uploadFile", options);
        task.onSent = (bytes) => task.progress(bytes, body.length, "Sent");
        const reply = await network.carry(
          "uploadFile",
          { url, method: "POST", headers, body, timeout, redirect: "follow" },
          task,
        );
        return { data: text(reply.body), ...headOf(reply) };
      });
    },
    downloadFile: (/** @type {unknown} */ given) => {
      const options = optionsOf(given);
      return network.start("downloadFile", options, async (task) => {
        const url = checkedUrl(options.url);
        const message = {
          url,
          method: "GET",
          headers: headerOf(options.header),
          timeout: network.timeout("downloadFile", options),
        };
        task.onReceived = (bytes, whole) => task.progress(bytes, whole, "Written");
        const reply = await network.carry("downloadFile", { ...message, redirect: "follow" }, task);
        return { ...placed(reply, url, options.filePath, files), ...headOf(reply) };
      });
    },
  };
}

/**
 * The file and the form as multipart/form-data.
 * @param {Record<string, unknown>} options
 * @param {import("./files.js").Files} files
 */
function uploaded(options, files) {
  const url = checkedUrl(options.url);
  const path = needString(options.filePath, "parameter.filePath");
  const name = needString(options.name, "parameter.name");
  const bytes = files.entries.get(path);
  if (!bytes) throw new WxFail(" file not found");
  const boundary = `----WxsimFormBoundary${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
  const parts = Object.entries(optionsOf(options.formData)).map(([field, value]) =>
    utf8(`--${boundary}\r\n${disposition(field)}\r\n\r\n${fieldText(value)}\r\n`),
  );
  const fileName = path.split("/").pop() ?? "";
  const head = `--${boundary}\r\n${disposition(name, fileName)}\r\nContent-Type: ${typeOf(path)}\r\n\r\n`;
  const body = joined([...parts, utf8(head), bytes, utf8(`\r\n--${boundary}--\r\n`)]);
  const headers = { ...headerOf(options.header), "content-type": `multipart/form-data; boundary=${boundary}` };
  return { url, headers, body };
}

/** @param {unknown} value */
function fieldText(value) {
  if (typeof value === "string" || typeof value === "number") return String(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : `[object ${typeName(value)}]`;
}

/** @param {string} name @param {string} [fileName] */
function disposition(name, fileName) {
  const file = fileName === undefined ? "" : `; filename="${quoted(fileName)}"`;
  return `Content-Disposition: form-data; name="${quoted(name)}"${file}`;
}

/** @param {string} value */
function quoted(value) {
  return value.replace(/["\r\n]/g, (found) => encodeURIComponent(found));
}

/**
 * @param {import("./message.js").Reply} reply
 * @param {string} url
 * @param {unknown} filePath
 * @param {import("./files.js").Files} files
 */
function placed(reply, url, filePath, files) {
  if (typeof filePath === "string") {
    files.entries.set(filePath, reply.body);
    return { filePath };
  }
  const type = Object.entries(reply.header).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  const own = /\.[A-Za-z0-9]{1,8}(?=$|[?#])/.exec(url.replace(/^\w+:\/\/[^/]*/, ""))?.[0];
  return { tempFilePath: files.keep(reply.body, own ?? EXTENSIONS[type.split(";")[0]?.trim() ?? ""]) };
}
