import { checkKeys } from "../../src/core/options.js";
import { ERRORS, type ErrorCode, isTwoFactorError, TwoFactorError } from "../../src/core/errors.js";
import { Events } from "../../src/core/events.js";

/** True only where two types are the same; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

holds<Same<ErrorCode, keyof typeof ERRORS>>();
holds<Same<(typeof ERRORS)["wrong_code"]["status"], 422>>();
// @ts-expect-error not a code
export const unknownCode: ErrorCode = "wrong";
// @ts-expect-error nor may one be thrown
export const thrown = new TwoFactorError("nope");

export function read(error: unknown): number {
  if (!isTwoFactorError(error)) return 500;
  holds<Same<typeof error.code, ErrorCode>>();
  // @ts-expect-error what is thrown stays as it was thrown
  error.code = "wrong_code";
  return error.status;
}

const events = new Events({ "challenge.verified": ({ user, method }) => void [user, method] });
events.on("account.locked", (event) => {
  holds<Same<typeof event.until, number>>();
  // @ts-expect-error an event carries what it says and no code
  return event.code;
});
// @ts-expect-error no such event
events.on("challenge.opend", () => {});

interface Options {
  one: string;
  two?: number;
}
const given: Options = { one: "" };
checkKeys(given, { one: true, two: true }, "options()");
// @ts-expect-error the compiler misses a key that the list forgets
checkKeys(given, { one: true }, "options()");
