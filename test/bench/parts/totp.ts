import { createSecretKey } from "node:crypto";
import { verifySync } from "otplib";
import { memoryStore, totp as authenticator } from "require2fa";
import type { Figures, Part } from "../part.js";
import { timed, timedAsync } from "../timing.js";
import { codeAt, SECRET_BYTES } from "../totp.js";
import { TOTP_SECRET } from "../instance.js";

type Method = ReturnType<ReturnType<typeof authenticator>["create"]>;
/** The method asks neither: it knows its secret. */
const context = { enrols: false } as unknown as Parameters<ReturnType<typeof authenticator>["create"]>[0];
const entry = {} as unknown as Parameters<Method["compare"]>[0];

const over = (peer: string) => (median: Figures) => median("verify") / median(peer);

export const totp: Part = {
  peers: ["otplib"],
  cases: {
    /** The two codes that count are computed, whichever it is; then its time step is burnt. */
    async verify() {
      const store = memoryStore();
      const now = Date.now();
      const code = codeAt(now);
      const method = authenticator({ secret: () => TOTP_SECRET }).create(context);
      return timedAsync(async (index) => {
        const user = `user-${index}`;
        const match = await method.compare(entry, { user, contact: {}, factors: [] }, code, now);
        const once = match?.step && (await store.claim(`${match.step.key}:${match.step.value}`, user, 60_000, now));
        if (once !== user) throw new Error("It is not right.");
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
