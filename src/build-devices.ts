import { type DeviceParts, Devices } from "./step-up/devices.js";
import { type ReportParts, Reports } from "./step-up/reports.js";
import { checkTrustedDevices } from "./devices-options.js";
import type { TwoFactorOptions } from "./options.js";

/** Trusted devices and "this was not me", where the app has them. */
export function buildDevices(
  { trustedDevices, notMe = false }: TwoFactorOptions,
  parts: DeviceParts & Omit<ReportParts, "devices">,
): { devices: Devices | undefined; reports: Reports | undefined } {
  const trust = checkTrustedDevices(trustedDevices);
  const devices = trust && new Devices(parts, trust);
  return { devices, reports: notMe === false ? undefined : new Reports({ ...parts, devices }) };
}
