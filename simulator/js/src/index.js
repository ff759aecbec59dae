/** The package in Node: requests go straight, unless asked otherwise. */

import { nodeCarrier } from "./carrier-node.js";
import { simulatorCarrier } from "./carrier-simulator.js";
import { create } from "./create.js";
import { nodeDial } from "./dial-node.js";

export { startWxsim } from "./start.js";

/** @param {import("./options.js").CreateOptions} [options] */
export function createWx(options = {}) {
  return create(options, (phone, checkDomain) => ({
    carrier: options.viaSimulator ? simulatorCarrier(phone) : nodeCarrier(checkDomain),
    dial: nodeDial,
  }));
}
