import { misconfigured } from "./core/errors.js";
import type { Kit } from "./express/kit.js";
import { type PublicDevice, publicDevice } from "./express/public-device.js";

/** Browsers that people trust, for a settings page of your own. */
export interface DevicesApi {
  /** Oldest first. */
  list(userId: string | number): Promise<readonly PublicDevice[]>;
  /** False where there is none of that id. */
  remove(which: { user: string | number; device: string }): Promise<boolean>;
  removeAll(userId: string | number): Promise<void>;
}

export function devicesApi(kit: Kit): DevicesApi {
  const devices = (): NonNullable<Kit["devices"]> => {
    if (kit.devices) return kit.devices;
    throw misconfigured("tfa.devices needs twoFactor({ trustedDevices: true }).");
  };
  return {
    list: async (userId) => (await devices().list(String(userId))).map((device) => publicDevice(device)),
    remove: ({ user, device }) => devices().remove(String(user), device),
    async removeAll(userId) {
      await devices().removeAll(String(userId));
    },
  };
}
