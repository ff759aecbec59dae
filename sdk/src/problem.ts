/** What an answer says: menjin's problem documents, and headers whose case differs from phone to phone. */
import { type Action, type Choice, type Code, MenjinError } from "./errors.js";

/** What wx gives to `success` of request, uploadFile and downloadFile. */
export interface Reply<T = unknown> {
  statusCode: number;
  data: T;
  header: Record<string, string>;
  tempFilePath?: string;
  [more: string]: unknown;
}

interface Problem {
  type: string;
  code?: Code;
  action?: Action;
  title?: string;
  choices?: Choice[];
  bind_ticket?: string;
}

/** Return headers with their names in lower case. */
export function lower(header: Record<string, string> | undefined): Record<string, string> {
  const lowered: Record<string, string> = {};
  for (const name of Object.keys(header || {})) {
    lowered[name.toLowerCase()] = (header as Record<string, string>)[name] as string;
  }
  return lowered;
}

/** Return the problem document in an answer, or an empty one: a business's own errors are not ours. */
export function readProblem({ data }: Reply): Partial<Problem> {
  let body = data as Problem | undefined;
  try {
    body = JSON.parse(data as string) as Problem;
  } catch (_) {
    // wx has parsed it, or it is no JSON
  }
  return body && /^urn:menjin:/.test(body.type) ? body : {};
}

/** Return a good answer; throw any other. */
export function toGood(reply: Reply): Reply {
  if (reply.statusCode >= 300) {
    throw toError(reply);
  }
  return reply;
}

/** Return the error of an answer; `code` and `action` are for an answer that is not menjin's. */
export function toError(reply: Reply, code: Code = "answer_unreadable", action: Action = "none"): MenjinError {
  const problem = readProblem(reply);
  const header = lower(reply.header);
  return new MenjinError(problem.code || code, {
    action: problem.action || action,
    message: problem.title,
    status: reply.statusCode,
    requestId: header["x-request-id"],
    retryAfter: Number(header["retry-after"]) || undefined,
    conflict: problem.choices && { choices: problem.choices, bindTicket: problem.bind_ticket },
    response: problem.code ? undefined : reply.data,
  });
}
