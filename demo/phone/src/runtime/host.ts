/** What the runtime asks of whoever holds the phone: WeChat's calls, and the parts of the screen that are WeChat's own. */

import type { PageConfig, TabItem } from "./program";

export type Wx = object;
export type Detail = Record<string, unknown>;

/** The frame around a page: bars, and the sheets that come up over it. */
export interface Frame {
  /** Where pages are drawn. */
  readonly screen: HTMLElement;
  showBar(title: string, canGoBack: boolean, config: Partial<PageConfig>): void;
  showTabs(items: TabItem[], selected: number): void;
  /** Offer one of several; resolves to its index, or -1 for none. */
  choose(items: string[], title: string): Promise<number>;
}

/** A button with an open-type was tapped: WeChat's own part, up to the event's detail; null fires no event. */
export type OpenType = (name: string, button: Detail) => Promise<Detail | null>;

export interface Host {
  readonly wx: Wx;
  readonly frame: Frame;
  readonly openType: OpenType;
  /** The nickname WeChat suggests above the keyboard, or the typed one after its check. */
  nickname(typed: string): Promise<{ value: string; pass: boolean }>;
  /** Somebody looks at a nickname field: offer what WeChat knows. */
  offerNickname(take: (name: string) => void): void;
  retractNickname(): void;
  /** An address of a picture: a package file, or a temporary one of the phone. */
  pictureUrl(src: string): string;
  report(error: unknown): void;
}
