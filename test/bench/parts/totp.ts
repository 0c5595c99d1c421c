import { createSecretKey } from "node:crypto";
import { verifySync } from "otplib";
import { built } from "../built.js";
import type { Figures, Part } from "../part.js";
import { timed, timedAsync } from "../timing.js";
import { codeAt, SECRET_BYTES } from "../totp.js";
import { TOTP_SECRET } from "../instance.js";

const over = (peer: string) => (median: Figures) => median("verify") / median(peer);

export const totp: Part = {
  peers: ["otplib"],
  cases: {
    /** The two codes that count are computed, whichever it is; then its time step is burnt. */
    async verify() {
      const { matchingStep } =
        await built<typeof import("../../../src/methods/totp-codes.js")>("methods/totp-codes.js");
      const { Registers } =
        await built<typeof import("../../../src/stores/memory/registers.js")>("stores/memory/registers.js");
      const steps = new Registers(1_000_000);
      const now = Date.now();
      const code = codeAt(now);
      const shape = { digits: 6, algorithm: "sha1", window: 1 } as const;
      return timedAsync(async (index) => {
        const step = await matchingStep(TOTP_SECRET, code, shape, now);
        const key = `user-${index}`;
        if (step === undefined || !steps.isNewStep(key, step, now)) throw new Error("It is not right.");
        steps.burnStep(key, step, now);
      });
    },
    otplib() {
      const token = codeAt(Date.now());
      const epoch = Date.now() / 1_000;
      return timed(() => {
        if (!verifySync({ secret: TOTP_SECRET, token, epoch, epochTolerance: 30 }).valid)
          throw new Error("It is not right.");
      });
    },
    "bare HMAC"() {
      const key = createSecretKey(SECRET_BYTES);
      const now = Date.now();
      const code = codeAt(now);
      return timed(() => {
        if (codeAt(now, key) !== code) throw new Error("It is not right.");
      });
    },
  },
  rows: [
    {
      what: "TOTP verify with replay guard",
      beside: "otplib's verify, without",
      value: over("otplib"),
      target: { most: 1 },
    },
    { what: "TOTP verify with replay guard", beside: "one bare HMAC", value: over("bare HMAC") },
  ],
};
