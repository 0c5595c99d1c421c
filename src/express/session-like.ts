import type { Request } from "express";
import { isPromise, within } from "../core/deadline.js";
import { unavailable } from "../core/errors.js";

export type Done = (error?: unknown, value?: unknown) => void;

/** As much of a session as we touch: express-session's `Session`, cookie-session's, or a plain object. */
export interface SessionLike {
  [key: string]: unknown;
  readonly id?: string;
  /** express-session hangs the request of the session here. */
  readonly req?: SessionRequest;
  cookie?: object;
  twoFactor?: unknown;
  regenerate?(done: Done): unknown;
  reload?(done: Done): unknown;
  save?(done: Done): unknown;
}

/** As much of a session store as we touch; the shape is express-session's `Store`. */
export interface SessionStore {
  get(id: string, done: Done): unknown;
  set(id: string, session: SessionLike, done?: Done): unknown;
  destroy(id: string, done?: Done): unknown;
  touch?(id: string, session: SessionLike, done?: Done): unknown;
  generate?(req: SessionRequest): void;
  createSession?(req: SessionRequest, data: object): unknown;
}

/** A request as session middleware leaves it behind. */
export interface SessionRequest {
  session?: SessionLike | null;
  sessionID?: string;
  sessionStore?: SessionStore;
  /** cookie-session's options. */
  readonly sessionOptions?: { readonly name?: unknown };
  readonly headers?: { readonly cookie?: string | undefined; readonly "user-agent"?: string | undefined };
  readonly res?: HeaderHolder;
}

/** The one method of a response that decides what reaches the browser. */
export interface HeaderHolder {
  readonly writableEnded?: boolean;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
}

/** The same request, seen without asking which session middleware's types the app has installed. */
export function sessionRequest(req: Request): SessionRequest {
  return req as unknown as SessionRequest;
}

/** The request's session store, where it is of express-session's shape: one that can make new ids. */
export function storeOf({ sessionStore: store }: SessionRequest): SessionStore | undefined {
  return typeof store?.generate === "function" && typeof store.destroy === "function" ? store : undefined;
}

/**
 * Calls a callback function of a session store and waits for its answer, no longer than `deadline` milliseconds.
 *
 * @throws TwoFactorError `unavailable` when the store fails, throws or is late.
 */
export async function ask(deadline: number, call: (done: Done) => unknown): Promise<unknown> {
  const answer = new Promise<unknown>((resolve, reject) => {
    const returned = call((error, value) => (error ? reject(error) : resolve(value)));
    // Stores written with promises may reject without calling back.
    if (isPromise(returned)) void Promise.resolve(returned).catch(reject);
  });
  const late = (): Error => new Error(`The session store did not answer within ${deadline} ms.`);
  try {
    return await within(answer, deadline, late);
  } catch (error) {
    throw unavailable("The session could not be read or kept.", error);
  }
}
