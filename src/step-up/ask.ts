import { type Awaitable, within } from "../core/deadline.js";
import { isTwoFactorError, type TwoFactorError, unavailable } from "../core/errors.js";

/** A callback of the app that never settles must not hold a door open, or a person at it. */
const CALLBACK_DEADLINE = 3_500;

/** Waits for a callback of the app; a fault in it is a fault of ours and closes the door. */
export async function ask<T>(what: string, callback: () => Awaitable<T>, deadline = CALLBACK_DEADLINE): Promise<T> {
  try {
    return await within(callback(), deadline, () => new Error(`${what} did not answer in time.`));
  } catch (error) {
    throw callbackFailed(what, error);
  }
}

/** What a callback of the app threw, as our own fault: the same whether it threw at once or later. */
export function callbackFailed(what: string, error: unknown): TwoFactorError {
  return isTwoFactorError(error) ? error : unavailable(`${what} failed.`, error);
}
