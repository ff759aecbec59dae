/** What an answer says: menjin's problem documents, and headers whose case differs from phone to phone. */
import { type Action, type Code, type ErrorDetails, MenjinError } from "./errors.js";

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
  code: Code;
  action: Action;
  title?: string;
  request_id?: string;
  retry_after?: number;
  choices?: string[];
  bind_ticket?: string;
}

/** Return the problem document in an answer, or undefined: a business's own errors are not ours. */
export function readProblem(reply: Reply): Problem | undefined {
  let body = reply.data as Problem | undefined;
  if (typeof body === "string") {
    try {
      body = JSON.parse(body) as Problem;
    } catch {
      return undefined;
    }
  }
  return body && typeof body.code === "string" && String(body.type).startsWith("urn:menjin:") ? body : undefined;
}

/** Return a header, whatever the case of its name. */
export function readHeader(reply: Reply, name: string): string | undefined {
  const header = reply.header || {};
  const found = Object.keys(header).find((key) => key.toLowerCase() === name);
  return found === undefined ? undefined : String(header[found]);
}

/** Return the seconds to wait that an answer names, or undefined. */
export function readRetryAfter(reply: Reply): number | undefined {
  const said = readHeader(reply, "retry-after") || readProblem(reply)?.retry_after;
  const seconds = Number(said);
  return said !== undefined && seconds >= 0 ? seconds : undefined;
}

/** Return the error of an answer. */
export function toError(reply: Reply, otherwise: Code = "answer_unreadable", action?: Action): MenjinError {
  const problem = readProblem(reply);
  const details: ErrorDetails = {
    status: reply.statusCode,
    requestId: problem?.request_id || readHeader(reply, "x-request-id"),
    retryAfter: readRetryAfter(reply),
    response: problem ? undefined : reply.data,
  };
  if (!problem) {
    return new MenjinError(otherwise, { ...details, action });
  }
  if (problem.choices) {
    details.conflict = { choices: problem.choices, bindTicket: problem.bind_ticket };
  }
  return new MenjinError(problem.code, { ...details, action: problem.action, message: problem.title });
}
