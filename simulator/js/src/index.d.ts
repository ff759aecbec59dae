export * from "./browser.js";

export interface StartOptions {
  /** The command that is wxsim; `wxsim`, or the environment's WXSIM_COMMAND, when left out. */
  command?: string[];
  /** Equal seeds, equal worlds. */
  seed?: number;
  /** File that keeps the world across restarts. */
  state?: string;
}

/** A simulator that runs for a test. */
export interface Started {
  url: string;
  pid: number;
  /** End it; resolves when it is gone. */
  stop(): Promise<void>;
  /** Control: `sim("clock", { advance: 300 })` posts to /_sim/clock, `sim("journal")` reads. */
  // biome-ignore lint/suspicious/noExplicitAny: each desk answers with its own
  sim(path: string, body?: unknown): Promise<any>;
}

/** Start `wxsim serve` on a free port of the loopback. */
export declare function startWxsim(options?: StartOptions): Promise<Started>;
