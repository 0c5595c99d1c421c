import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import { email, totp } from "require2fa";
import { betterAuthInMemory, cookiesOf, PASSWORD, signUp } from "../better-auth.js";
import { instance, TOTP_SECRET } from "../instance.js";
import type { Case, Figures, Part } from "../part.js";
import { timedAsync } from "../timing.js";
import { codeAt } from "../totp.js";

/** better-auth's memory adapter looks through all of them. */
const BETTER_AUTH_USERS = 100;

/** Two keyed hashes and a map: a code is made, kept as a hash, and held against what was typed. */
const floor: Case = () => {
  const key = createSecretKey(randomBytes(32));
  const hash = (id: string, code: string) => createHmac("sha256", key).update(`${id}.${code}`).digest();
  const pending = new Map<string, { mac: Buffer; user: string; expiresAt: number; attempts: number }>();
  return timedAsync(async (index) => {
    const id = randomBytes(16).toString("base64url");
    const code = "12345678";
    pending.set(id, { mac: hash(id, code), user: `user-${index}`, expiresAt: Date.now() + 300_000, attempts: 0 });
    const row = await Promise.resolve(pending.get(id));
    if (!row || Date.now() > row.expiresAt || (row.attempts += 1) > 5) throw new Error("There is none.");
    if (!timingSafeEqual(row.mac, hash(id, code))) throw new Error("It is wrong.");
    pending.delete(id);
  });
};

/** One person after another: the limits of one are soon reached. */
async function startAndVerify(tfa: ReturnType<typeof instance>, user: string, code: () => string): Promise<void> {
  const owner = { user, session: "a session" };
  const started = await tfa.challenges.start(owner);
  if (!started.ok) throw new Error(started.reason);
  const verified = await tfa.challenges.verify({ ...owner, code: code() });
  if (!verified.ok) throw new Error(verified.reason);
}

const byEmail: Case = () => {
  let text = "";
  const tfa = instance({ methods: [email((message) => void (text = message.text))] });
  return timedAsync((index) => startAndVerify(tfa, `user-${index}`, () => /\d{8}/.exec(text)?.[0] ?? ""));
};

const byApp: Case = () => {
  const now = Date.now();
  const code = codeAt(now);
  const tfa = instance({ methods: [totp({ secret: () => TOTP_SECRET })], clock: () => now });
  return timedAsync((index) => startAndVerify(tfa, `user-${index}`, () => code));
};

/** `sendOTP` and `verifyOTP` of people whose password was right. */
const betterAuth: Case = async () => {
  let sent = "";
  const auth = betterAuthInMemory((code) => void (sent = code));
  const waiting: string[] = [];
  for (let index = 0; index < BETTER_AUTH_USERS; index += 1) {
    const name = `user-${index}`;
    const cookie = await signUp(auth, name);
    const enabled = await auth.api.enableTwoFactor({
      body: { password: PASSWORD },
      headers: new Headers({ cookie }),
      asResponse: true,
    });
    waiting.push(cookiesOf(enabled.headers) || cookie);
  }
  return timedAsync(async (index) => {
    const person = index % waiting.length;
    const headers = new Headers({ cookie: waiting[person] ?? "" });
    await auth.api.sendTwoFactorOTP({ headers });
    const verified = await auth.api.verifyTwoFactorOTP({ headers, body: { code: sent }, asResponse: true });
    if (!verified.ok) throw new Error(await verified.text());
    waiting[person] = cookiesOf(verified.headers) || (waiting[person] ?? "");
  });
};

const over = (ours: string, peer: string) => (median: Figures) => median(ours) / median(peer);

export const flow: Part = {
  peers: ["better-auth"],
  cases: { floor, "e-mail": byEmail, totp: byApp, "better-auth": betterAuth },
  rows: [
    {
      what: "start and verify, e-mail",
      beside: "two keyed hashes and a map",
      value: over("e-mail", "floor"),
      target: { most: 3 },
    },
    {
      what: "start and verify, authenticator app",
      beside: "two keyed hashes and a map",
      value: over("totp", "floor"),
      target: { most: 3 },
    },
    {
      what: "start and verify, e-mail",
      beside: "better-auth, times faster",
      value: over("better-auth", "e-mail"),
      target: { least: 50 },
    },
  ],
};
