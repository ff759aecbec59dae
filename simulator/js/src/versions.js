/** Base library versions: which call exists since when. Source: the `since` notes of miniprogram-api-typings. */

export const DEFAULT_LIBRARY = "3.17.0";
export const PROMISES = "2.10.2";
export const ERRNO = "2.24.0";
export const PRIVACY = "2.32.3";

/** Calls that a base library older than this does not have at all. */
export const SINCE = /** @type {Record<string, string>} */ ({
  getAccountInfoSync: "2.2.2",
  getUserProfile: "2.10.4",
  getLaunchOptionsSync: "2.1.2",
  getEnterOptionsSync: "2.9.4",
  getUserCryptoManager: "2.17.3",
  getWindowInfo: "2.20.1",
  getDeviceInfo: "2.20.1",
  getAppBaseInfo: "2.20.1",
  getSystemSetting: "2.20.1",
  getAppAuthorizeSetting: "2.20.1",
  getSystemInfoAsync: "2.14.1",
  getRandomValues: "2.19.0",
  batchSetStorage: "2.25.0",
  batchGetStorage: "2.25.0",
  batchSetStorageSync: "2.25.0",
  batchGetStorageSync: "2.25.0",
  createCacheManager: "2.24.0",
  getPrivacySetting: "2.32.3",
  requirePrivacyAuthorize: "2.32.3",
  openPrivacyContract: "2.32.3",
  onNeedPrivacyAuthorization: "2.32.3",
});

/** @param {string} version */
function numbers(version) {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}

/**
 * Say whether a base library is `wanted` or newer.
 * @param {string} version
 * @param {string} wanted
 */
export function atLeast(version, wanted) {
  const [have, want] = [numbers(version), numbers(wanted)];
  for (let place = 0; place < Math.max(have.length, want.length); place += 1) {
    const difference = (have[place] ?? 0) - (want[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
