// Phones of the real house: wxsim's wx, in the hands of a person of the test's own.
import { inject } from "vitest";
import { createWx } from "wxsim";
import { loadSdk } from "./cell.mjs";
import { APPS } from "./house.mjs";

export const house = inject("house");
let people = 0;

/** Call wxsim's control. */
export async function sim(path, body) {
  const asked = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${house.wechat}/_sim/${path}`, asked);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Make somebody new, with a phone number nobody else has. */
export async function makePerson(fields = {}) {
  const name = `p${process.pid}-${++people}-${Math.random().toString(36).slice(2, 8)}`;
  const phone = `13${String(Math.floor(Math.random() * 1e9)).padStart(9, "0")}`;
  await sim(`people/${name}`, { phone, ...fields });
  return { name, phone };
}

/** Give a person a phone with the mini program on it. */
export function givePhone(way, person, { app = "open", device = "d1", options = {}, ...more } = {}) {
  const wx = createWx({ simulator: house.wechat, appid: APPS[app], person: person.name, device, ...more });
  const calls = [];
  const watched = { ...wx };
  for (const api of ["login", "request", "checkSession", "openSetting", "authorize", "uploadFile", "downloadFile"]) {
    watched[api] = (given) => {
      calls.push([api, given]);
      return wx[api](given);
    };
  }
  const sdk = loadSdk(way, watched);
  const menjin = sdk.createMenjin({ baseURL: house.url, spread: 0, ...options });
  const count = (api) => calls.filter(([name]) => name === api).length;
  const countPath = (path) =>
    calls.filter(([name, given]) => name === "request" && given.url === house.url + path).length;
  return { wx, watched, sdk, menjin, calls, count, countPath };
}
