import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { twoFactor } from "better-auth/plugins";
import { SECRET } from "./instance.js";

export const BASE = "http://127.0.0.1";
export const PASSWORD = "correct horse battery staple";

/** better-auth with its two-factor plugin on its memory adapter; codes go to `onCode`. */
export function betterAuthInMemory(onCode: (code: string) => void = () => undefined) {
  const empty = { user: [], session: [], account: [], verification: [], twoFactor: [] };
  return betterAuth({
    secret: SECRET,
    baseURL: BASE,
    database: memoryAdapter(empty),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [twoFactor({ otpOptions: { sendOTP: ({ otp }) => onCode(otp) } })],
  });
}

export type BetterAuth = ReturnType<typeof betterAuthInMemory>;

/** The cookies of somebody who has just signed up. */
export async function signUp(auth: BetterAuth, name: string): Promise<string> {
  const answer = await auth.api.signUpEmail({
    body: { name, email: `${name}@acme.example`, password: PASSWORD },
    asResponse: true,
  });
  return cookiesOf(answer.headers);
}

export function cookiesOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}
