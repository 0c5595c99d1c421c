import type { Awaitable } from "./core/deadline.js";
import { type Duration, milliseconds } from "./core/durations.js";
import { misconfigured } from "./core/errors.js";
import { checkKeys, display } from "./core/options.js";
import type { DeviceOptions } from "./step-up/devices.js";

export interface TrustedDevicesOptions {
  /**
   * How long a device is trusted, at most `"30d"`; no use prolongs it.
   * @default "30d"
   */
  maxAge?: Duration;
  /**
   * Something that changes whenever the password does: a hash of its hash, or when it was last changed. Devices trusted
   * before are then forgotten. Factors and addresses need not be in it, but a TOTP secret that the app keeps does.
   */
  fingerprint?: (userId: string) => Awaitable<string>;
}

const LONGEST = 30 * 24 * 3_600_000;

/** @throws TwoFactorError `misconfigured`. */
export function checkTrustedDevices(given: boolean | TrustedDevicesOptions = false): DeviceOptions | undefined {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  checkKeys(options, { maxAge: true, fingerprint: true }, "twoFactor({ trustedDevices })");
  const { maxAge = "30d", fingerprint } = options;
  const life = milliseconds(maxAge, "twoFactor({ trustedDevices: { maxAge } })");
  if (life <= 0 || life > LONGEST) {
    throw misconfigured(`twoFactor({ trustedDevices: { maxAge: "${display(maxAge)}" } }): at most "30d".`);
  }
  if (fingerprint !== undefined && typeof fingerprint !== "function") {
    throw misconfigured("twoFactor({ trustedDevices: { fingerprint } }) must be a function: (userId) => a string.");
  }
  return { maxAge: life, fingerprint };
}
