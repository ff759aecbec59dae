/** Every sentence of the page, in both languages. */

import { EN } from "./words-en";
import { ZH } from "./words-zh";

export type Words = typeof ZH;

let current: Words = ZH;

/** The sentences in the language chosen. */
export function words(): Words {
  return current;
}

export function isChinese(): boolean {
  return current === ZH;
}

/** Choose a language; false leaves Chinese. */
export function speakChinese(chinese: boolean): void {
  current = chinese ? ZH : EN;
}
