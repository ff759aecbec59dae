/** At most so many at once; what is beyond waits its turn, in order. */
export class Queue {
  /** @param {number} most */
  constructor(most) {
    this.most = most;
    this.running = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
  }

  /**
   * Wait for a place.
   * @param {{ onAbort: (run: () => void) => void }} [signal] leaves the line when it fires
   * @returns {Promise<() => void>} what gives the place back, once
   */
  async enter(signal) {
    if (this.running >= this.most) await this.turn(signal);
    else this.running += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    };
  }

  /** @param {{ onAbort: (run: () => void) => void }} [signal] @returns {Promise<void>} */
  turn(signal) {
    return new Promise((go, leave) => {
      const place = () => go();
      this.waiting.push(place);
      signal?.onAbort(() => {
        const at = this.waiting.indexOf(place);
        if (at >= 0) this.waiting.splice(at, 1);
        leave(new Error("left the line"));
      });
    });
  }
}
