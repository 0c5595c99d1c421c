import { type Awaitable, within } from "../core/deadline.js";
import { isTwoFactorError, unavailable } from "../core/errors.js";

/** A callback of the app that never settles must not hold a door open, or a person at it. */
const CALLBACK_DEADLINE = 3_500;

/** Waits for a callback of the app; a fault in it is a fault of ours and closes the door. */
export async function ask<T>(what: string, callback: () => Awaitable<T>, deadline = CALLBACK_DEADLINE): Promise<T> {
  try {
    return await within(callback(), deadline, () => new Error(`${what} did not answer in time.`));
  } catch (error) {
    throw isTwoFactorError(error) ? error : unavailable(`${what} failed.`, error);
  }
}
