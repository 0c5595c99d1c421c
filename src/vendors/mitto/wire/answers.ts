/**
 * Every way a call is refused, with its code and its sentence. The four beyond 490 are documented; the others are not,
 * and can be changed by the router's `errorCodes`.
 */
export const REFUSALS = {
  invalidRequest: { code: 400, message: "Invalid request" },
  unauthorized: { code: 401, message: "Unauthorized" },
  unknownRequest: { code: 404, message: "Invalid Request Id" },
  unknownAccount: { code: 404, message: "Invalid Account Sid" },
  unknownResource: { code: 404, message: "Not found" },
  wrongMethod: { code: 405, message: "Method not allowed" },
  notPending: { code: 409, message: "OTP is not pending" },
  expired: { code: 410, message: "OTP expired" },
  wrongCode: { code: 422, message: "Invalid code" },
  attemptsSpent: { code: 429, message: "Max attempts reached" },
  limitExceeded: { code: 429, message: "Limit exceeded" },
  limitExists: { code: 492, message: "Limit with that Name already exists" },
  unknownLimit: { code: 493, message: "Invalid Limit Id" },
  workflowExists: { code: 495, message: "Workflow with that name already exists" },
  unknownWorkflow: { code: 499, message: "Invalid Workflow Id" },
  notSent: { code: 502, message: "OTP could not be sent" },
  unavailable: { code: 503, message: "Service unavailable" },
} as const satisfies Record<string, { code: number; message: string }>;

export type Refusal = keyof typeof REFUSALS;

/** The codes that no document names, and that a router may therefore be told. */
export type InferredRefusal = Exclude<
  Refusal,
  "unauthorized" | "wrongMethod" | "limitExists" | "unknownLimit" | "workflowExists" | "unknownWorkflow" | "unavailable"
>;

/** An answer before it is written: what its HTTP status would be, and the JSON. */
export interface Answer {
  readonly code: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call about one OTP went well. */
export function otpAnswer(requestID: string, message: "OK" | "canceled" = "OK"): Answer {
  return { code: 200, body: { code: 200, message, requestID } };
}

/** A limit or a workflow, or a page of them. */
export function dataAnswer(data: object): Answer {
  return { code: 200, body: { data, code: 200, message: "OK" } };
}

/** Records and usage come without an envelope. */
export function bareAnswer(body: object): Answer {
  return { code: 200, body };
}

export function refusalAnswer(code: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { code, body: { code, message, requestID: null }, headers };
}

/** What a client reads in an answer. */
export interface VendorAnswer {
  readonly code?: number;
  readonly message?: string;
  readonly requestId?: string;
}

/** `undefined` for a text that is not the JSON of an object. */
export function readAnswer(text: string): VendorAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const read = (name: string): unknown =>
    Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  const code = read("code");
  const message = read("message");
  // requests say requestId, answers requestID
  const requestId = read("requestID") ?? read("requestId");
  return {
    ...(typeof code === "number" ? { code } : {}),
    ...(typeof message === "string" ? { message } : {}),
    ...(requestId === undefined || requestId === null ? {} : { requestId: asText(requestId) }),
  };
}

/** An id that is no text is nobody's id, but it is there. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
