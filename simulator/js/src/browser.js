/** The package in a browser: requests go by way of the simulator. */

import { simulatorCarrier } from "./carrier-simulator.js";
import { create } from "./create.js";
import { browserDial } from "./dial-browser.js";

/** @param {import("./options.js").CreateOptions} [options] */
export function createWx(options = {}) {
  return create(options, (phone) => ({ carrier: simulatorCarrier(phone), dial: browserDial }));
}
