/** wx.request and wx.uploadFile: the simulated WeChat carries them out, to the app's own domains only. */

import { type Options, plain } from "./calls";
import type { Answer, Carrier } from "./carrier";
import type { Pictures } from "./pictures";

const MOST = 10;

interface Task {
  abort(): void;
  onHeadersReceived(): void;
  offHeadersReceived(): void;
  onProgressUpdate(): void;
  offProgressUpdate(): void;
}

/** Ten at a time; the rest waits. */
class Queue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.running >= MOST) await new Promise<void>((go) => this.waiting.push(go));
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}

export function makeNetworkCalls(carrier: Carrier, pictures: Pictures): Record<string, unknown> {
  const queue = new Queue();
  const start = (api: string, options: Options, prepare: () => Promise<object>): Task => {
    let aborted = false;
    void queue.run(async () => {
      const answer = aborted ? undefined : await carrier.call(api, await prepare());
      finish(options, aborted || !answer ? { errMsg: `${api}:fail abort` } : readReply(answer, api, options));
    });
    const nothing = () => undefined;
    return {
      abort: () => {
        aborted = true;
      },
      onHeadersReceived: nothing,
      offHeadersReceived: nothing,
      onProgressUpdate: nothing,
      offProgressUpdate: nothing,
    };
  };
  return {
    request: (options: Options) => start("request", options, async () => plain(options)),
    uploadFile: (options: Options) => start("uploadFile", options, async () => ({ ...plain(options), ...(await readFile(pictures, options)) })),
  };
}

function finish(options: Options, answer: Answer): void {
  if (/:fail/.test(answer.errMsg)) options.fail?.(answer);
  else options.success?.(answer);
  options.complete?.(answer);
}

function readReply(answer: Answer, api: string, options: Options): Answer {
  if (api !== "request" || (options.dataType ?? "json") !== "json" || typeof answer.data !== "string") return answer;
  try {
    return { ...answer, data: JSON.parse(answer.data) };
  } catch {
    return answer;
  }
}

async function readFile(pictures: Pictures, options: Options): Promise<object> {
  const file = pictures.file(String(options.filePath));
  if (!file) return {};
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { file: btoa(String.fromCharCode(...bytes)), fileType: file.type };
}
