/** wx's storage: kept by the simulator for this person, app and phone; read here at once, as the Sync calls promise. */

import type { Carrier } from "./carrier";
import { toLocalCall, type WxCall } from "./calls";

export class Storage {
  private readonly values = new Map<string, string>();

  constructor(private readonly carrier: Carrier) {}

  /** Fetch what the phone holds. */
  async open(): Promise<void> {
    const { keys } = await this.carrier.call("getStorageInfo", {});
    for (const key of (keys as string[] | undefined) ?? []) {
      const { data } = await this.carrier.call("getStorage", { key });
      this.values.set(key, JSON.stringify(data));
    }
  }

  calls(): Record<string, unknown> {
    const async: Record<string, WxCall> = {
      getStorage: toLocalCall("getStorage", ({ key }) => {
        if (!this.values.has(String(key))) throw new Error("data not found");
        return { data: this.get(String(key)) };
      }),
      setStorage: toLocalCall("setStorage", ({ key, data }) => this.set(String(key), data)),
      removeStorage: toLocalCall("removeStorage", ({ key }) => this.remove(String(key))),
      clearStorage: toLocalCall("clearStorage", () => this.clear()),
    };
    return {
      ...async,
      getStorageSync: (key: string) => (this.values.has(key) ? this.get(key) : ""),
      setStorageSync: (key: string, data: unknown) => this.set(key, data),
      removeStorageSync: (key: string) => this.remove(key),
      clearStorageSync: () => this.clear(),
      getStorageInfoSync: () => ({ keys: [...this.values.keys()], currentSize: 1, limitSize: 10240 }),
    };
  }

  private get(key: string): unknown {
    return JSON.parse(this.values.get(key) ?? '""');
  }

  private set(key: string, data: unknown): void {
    this.values.set(key, JSON.stringify(data ?? ""));
    void this.carrier.call("setStorage", { key, data: data ?? "" });
  }

  private remove(key: string): void {
    this.values.delete(key);
    void this.carrier.call("removeStorage", { key });
  }

  private clear(): void {
    this.values.clear();
    void this.carrier.call("clearStorage", {});
  }
}
