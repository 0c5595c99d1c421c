import { type Awaitable, isPromise, within } from "../core/deadline.js";
import { isTwoFactorError, unavailable } from "../core/errors.js";

/** A callback of the app that never settles must not hold a door open, or a person at it. */
const CALLBACK_DEADLINE = 3_500;

/**
 * Waits for a callback of the app; a fault in it is a fault of ours and closes the door. What it knows at once is there
 * at once; a fault is always a rejection, so that none is lost beside another call that is under way.
 */
export function ask<T>(what: string, callback: () => Promise<T>, deadline?: number): Promise<T>;
export function ask<T>(what: string, callback: () => Awaitable<T>, deadline?: number): Awaitable<T>;
export function ask<T>(what: string, callback: () => Awaitable<T>, deadline = CALLBACK_DEADLINE): Awaitable<T> {
  const fail = (error: unknown): never => {
    throw isTwoFactorError(error) ? error : unavailable(`${what} failed.`, error);
  };
  try {
    const answer = callback();
    if (!isPromise(answer)) return answer;
    return within(answer, deadline, () => new Error(`${what} did not answer in time.`)).catch(fail);
  } catch (error) {
    return Promise.reject(error).catch(fail);
  }
}
