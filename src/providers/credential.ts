import { misconfigured } from "../core/errors.js";

/**
 * A setting that a service gave out and an environment variable usually holds: there, and of the right shape.
 *
 * @throws TwoFactorError `misconfigured`, naming the setting and never quoting it.
 */
export function credential(value: unknown, setting: string, shape: RegExp, says: string): string {
  if (typeof value === "string" && shape.test(value)) return value;
  const why = value === undefined || value === "" ? "is missing: is its environment variable set?" : says;
  throw misconfigured(`${setting} ${why}`);
}
