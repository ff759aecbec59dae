/**
 * A call of `wx` fails. What follows the colon is WeChat's own wording, so it carries the whole errMsg.
 * @typedef {{ errMsg: string, errno?: number, [more: string]: unknown }} FailObject
 */

/** Thrown inside a call to end it with a fail object; never seen by a mini program. */
export class WxFail extends Error {
  /**
   * @param {string} reason what stands behind `<api>:fail`, with its own first blank or colon
   * @param {number} [errno] WeChat's number, where there is one
   */
  constructor(reason, errno) {
    super(reason);
    this.reason = reason;
    this.errno = errno;
  }
}

/** Thrown inside a call to end it with a fail object that is complete already: the phone side's. */
export class FailAnswer extends Error {
  /** @param {FailObject} answer */
  constructor(answer) {
    super(answer.errMsg);
    this.answer = answer;
  }
}

/** Whether an error is a call's failure, and no mistake of this package's. @param {unknown} error */
export function isFailure(error) {
  return error instanceof WxFail || error instanceof FailAnswer;
}

/**
 * @param {string} api
 * @param {unknown} error
 * @param {boolean} withErrno whether the base library knows errno
 * @returns {FailObject}
 */
export function failObject(api, error, withErrno) {
  if (error instanceof FailAnswer) return error.answer;
  if (!(error instanceof WxFail)) throw error;
  const answer = /** @type {FailObject} */ ({ errMsg: `${api}:fail${error.reason}` });
  if (withErrno && error.errno !== undefined) answer.errno = error.errno;
  return answer;
}

/** @param {unknown} value */
export function typeName(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * WeChat's check of a parameter's type.
 * @param {unknown} value
 * @param {string} name
 * @returns {string}
 */
export function needString(value, name) {
  if (typeof value !== "string") {
    throw new WxFail(` parameter error: ${name} should be String instead of ${typeName(value)};`, 1001);
  }
  return value;
}
