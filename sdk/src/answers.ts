/** menjin's answers, in JavaScript's spelling. */

export interface Account {
  id: string;
  /** The account's id in the business's own system. */
  externalId: string | null;
  phoneMasked: string | null;
  isNew: boolean;
}

/** Who is signed in. */
export interface Me {
  sessionId: string;
  account: Account | null;
  /** `required`: signed in by WeChat, not yet bound to an account. */
  binding: "bound" | "required";
}

export interface Device {
  sessionId: string;
  isCurrent: boolean;
  issuedAt: string;
  lastSeenAt: string;
  device: { id: string; label?: string } | null;
}

export interface Phone {
  /** E.164, such as +8613800138000. */
  phoneNumber: string;
  countryCode: string;
  nationalNumber: string;
}

/** Rename snake_case keys, all the way down (a key is what a colon follows; one in a text has its quotes escaped). */
export const camel = <T>(value: unknown): T =>
  JSON.parse(JSON.stringify(value).replace(/_([a-z])(?=\w*":)/g, (_, letter: string) => letter.toUpperCase())) as T;

/** Keep of an answer who is signed in, and no more. */
export function toMe(answer: unknown): Me {
  const { sessionId, account, binding } = camel<Me>(answer);
  return { sessionId, account, binding };
}
