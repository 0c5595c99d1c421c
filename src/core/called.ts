import { misconfigured } from "./errors.js";

const MAKER = Symbol.for("require2fa.maker");

/** Notes that a function is of use only for what it returns: where any function will do, it must not pass for one. */
export function maker(make: object, name: string): void {
  Object.defineProperty(make, MAKER, { value: name });
}

/** @throws TwoFactorError `misconfigured` for a function that should have been called, as in `sms(consoleProvider)`. */
export function checkCalled(given: unknown, where: string): void {
  const name = typeof given === "function" ? (given as unknown as Record<symbol, unknown>)[MAKER] : undefined;
  if (typeof name !== "string") return;
  throw misconfigured(
    `${where} was given ${name} itself, and takes what it returns: did you forget the call, ${name}()?`,
  );
}
