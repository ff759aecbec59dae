/** The wire to the simulated WeChat: one call of wx, with the sheets it makes come up. */

export interface Ask {
  about: string;
  referrer: string;
}

export type Answer = Record<string, unknown> & { errMsg: string };
export type Decide = (ask: Ask) => Promise<boolean>;

export interface CallOptions {
  tap?: boolean;
  /** The page answers WeChat's privacy question itself. */
  handler?: boolean;
}

export class Carrier {
  constructor(
    private readonly appid: string,
    readonly person: string,
    private readonly device: string,
    private readonly decide: Decide,
  ) {}

  /** Call wx by name; an answer that begins with `<api>:fail` is one too. */
  async call(api: string, options: object, how: CallOptions = {}): Promise<Answer> {
    let query = new URLSearchParams({ device: this.device });
    if (how.tap) query.set("tap", "1");
    if (how.handler) query.set("handler", "1");
    for (;;) {
      const reply = await this.post(api, query, options);
      if (!reply.ask) return reply as Answer;
      const ask = reply.ask as Ask;
      const allowed = await this.decide(ask);
      query = new URLSearchParams(query);
      query.set("about", ask.about);
      query.set("answer", allowed ? "allow" : "refuse");
    }
  }

  private async post(api: string, query: URLSearchParams, options: object): Promise<Record<string, unknown>> {
    try {
      const url = `/_wx/${this.appid}/${this.person}/${api}?${query}`;
      const reply = await fetch(url, { method: "POST", body: JSON.stringify(options), headers: { "content-type": "application/json" } });
      return (await reply.json()) as Record<string, unknown>;
    } catch {
      return { errMsg: `${api}:fail network error`, errno: 5 };
    }
  }
}
