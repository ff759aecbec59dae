/** The mini program's entry: CommonJS, and nothing in it that only bundlers need. */
import { isMenjinError, MenjinError } from "./errors.js";
import { createMenjin } from "./menjin.js";

declare const module: { exports: unknown };

module.exports = { createMenjin, MenjinError, isMenjinError };
