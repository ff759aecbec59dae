import { expect, test } from "vitest";
import { Queue } from "../src/queue.js";

/** Let many run through a queue, some leaving the line; return how many were inside at once. @param {Queue} queue */
async function crowd(queue) {
  let [inside, most, done] = [0, 0, 0];
  const visit = async (/** @type {number} */ number) => {
    /** @type {() => void} */
    let abort = () => {};
    const entered = queue.enter({ onAbort: (run) => (abort = run) });
    if (number % 3 === 0) abort();
    const leave = await entered.catch(() => undefined);
    if (!leave) return;
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, number % 5));
    inside -= 1;
    done += 1;
    leave();
    leave();
  };
  await Promise.all(Array.from({ length: 60 }, (_, number) => visit(number)));
  return { most, done, left: queue.running, waiting: queue.waiting.length };
}

test("ten at once, however they come and go; a place given back twice is one place", async () => {
  const { most, done, left, waiting } = await crowd(new Queue(10));
  expect(most).toBe(10);
  expect(done).toBeGreaterThanOrEqual(40);
  expect({ left, waiting }).toEqual({ left: 0, waiting: 0 });
});

test("control: a queue that counts every leaving lets more in", async () => {
  class Careless extends Queue {
    /** @override @param {{ onAbort: (run: () => void) => void }} [signal] */
    async enter(signal) {
      await super.enter(signal);
      return () => {
        const next = this.waiting.shift();
        if (next) next();
        else this.running -= 1;
      };
    }
  }
  const { most, left } = await crowd(new Careless(10));
  expect(most > 10 || left !== 0).toBe(true);
});
