/** menjin's answers, in JavaScript's spelling. */

export interface Account {
  id: string;
  /** The account's id in the business's own system. */
  externalId: string | null;
  phoneMasked: string | null;
  isNew?: boolean;
}

/** Who is signed in. */
export interface Me {
  sessionId: string;
  account: Account | null;
  /** `required`: signed in by WeChat, not yet bound to an account. */
  binding: "bound" | "required";
  /** A login that succeeded although its phone_code failed. */
  phoneError?: string;
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

/** Rename snake_case keys, all the way down. */
export function camel<T>(value: unknown): T {
  if (Array.isArray(value)) {
    return value.map((item) => camel(item)) as T;
  }
  if (!value || typeof value !== "object") {
    return value as T;
  }
  const renamed: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const name = key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    renamed[name] = camel((value as Record<string, unknown>)[key]);
  }
  return renamed as T;
}

/** Keep of an answer who is signed in, and no more. */
export function toMe(answer: unknown): Me {
  const { sessionId, account, binding, phoneError } = camel<Me>(answer);
  return phoneError ? { sessionId, account, binding, phoneError } : { sessionId, account, binding };
}
