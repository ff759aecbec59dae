/** menjin for WeChat mini programs: log in once, ask at the right moment. */
export type { Account, Device, Me, Phone } from "./answers.js";
export type { Explain } from "./authorize.js";
export type { ServerAction, ServerCode } from "./codes.js";
export type { DataEvent, Kind } from "./data.js";
export type { Action, Choice, ClientCode, Code, Conflict } from "./errors.js";
export { isMenjinError, MenjinError } from "./errors.js";
export type { Menjin, Password } from "./menjin.js";
export { createMenjin } from "./menjin.js";
export type { Logger, MenjinOptions } from "./options.js";
export type { PrivacyQuestion, PrivacySetting } from "./privacy.js";
export type { Reply } from "./problem.js";
export type { Auth, RequestOptions } from "./request.js";
export type { Task } from "./task.js";
export type { Wx } from "./wx.js";
