/** How long from `scripts/demo` to a phone that is signed in and can be used; run by scripts/start-time. */

import { launchBrowser, startDemo, Visit } from "./test/demo";

const RUNS = Number(process.argv[2] ?? 10);
const browser = await launchBrowser();
const starts: number[] = [];
const wholes: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  const begin = performance.now();
  const demo = await startDemo();
  starts.push(performance.now() - begin);
  const visit = await Visit.open(browser, demo);
  await visit.sees("你没有点过任何东西，就已经登录了。");
  wholes.push(performance.now() - begin);
  await visit.close();
  await demo.stop();
}
await browser.close();
for (const [name, found] of [
  ["served", starts],
  ["usable", wholes],
] as const) {
  const sorted = [...found].sort((one, other) => one - other);
  const seconds = sorted.map((ms) => (ms / 1000).toFixed(2)).join(" ");
  process.stdout.write(`${name} after (s): median ${((sorted[RUNS >> 1] ?? 0) / 1000).toFixed(2)}   ${seconds}\n`);
}
