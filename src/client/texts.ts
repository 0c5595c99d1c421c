import type { Counted } from "../core/counted.js";

/**
 * What the dialog says in one language. Placeholders: `{to}` the masked recipient, `{wait}` how long to wait, `{count}`
 * a number.
 */
export interface ClientTexts {
  readonly heading: { readonly confirm: string };
  /** Stands before what is to be approved. */
  readonly approving: string;
  readonly method: Readonly<Record<string, string>>;
  /** What to do, for methods that send nothing. */
  readonly prompt: Readonly<Record<string, string>>;
  /** Where the code went; only the first sentence is used. */
  readonly sent: Readonly<Record<string, readonly [string, ...(readonly string[])]>>;
  readonly attempts: Counted;
  readonly sentAgain: string;
  readonly anotherWay: string;
  /** Where the browser brought no passkey, and where it knows none. */
  readonly passkey: Readonly<Record<"use" | "refused" | "unsupported", string>>;
  readonly button: Readonly<Record<"confirm" | "resend" | "cancel" | "restart", string>>;
  /** Stands in for `{wait}`. */
  readonly later?: string;
  /** By code. Without one there is the title that the server sent, in English. */
  readonly problem: Readonly<Record<string, readonly [title: string, advice?: string]>>;
}

/** As the page says it, in fewer words: there are 4 KB for all of it. */
export const ENGLISH: ClientTexts = {
  heading: { confirm: "Confirm it’s you" },
  approving: "You are approving",
  method: {
    totp: "Authenticator app",
    sms: "Text message",
    voice: "Phone call",
    email: "Email",
    "recovery-code": "Recovery code",
    passkey: "Passkey",
  },
  prompt: { totp: "Enter the code your authenticator app shows right now." },
  sent: {
    sms: ["We sent a text message with a code to {to}."],
    voice: ["We called {to} to read you a code."],
    email: ["We sent an email with a code to {to}."],
  },
  attempts: { one: "{count} attempt left", other: "{count} attempts left" },
  sentAgain: "The code is on its way again.",
  anotherWay: "Confirm another way",
  passkey: {
    use: "Use your passkey",
    refused: "Try again, or choose another way.",
    unsupported: "This browser does not support passkeys.",
  },
  button: { confirm: "Confirm", resend: "Send the code again", cancel: "Cancel", restart: "Start again" },
  problem: {
    invalid_request: ["Check what you entered and try again."],
    challenge_expired: ["The code has expired"],
    challenge_spent: ["Too many wrong codes"],
  },
};
