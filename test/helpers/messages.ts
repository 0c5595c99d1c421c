import type { Message } from "../../src/providers/provider.js";

/** A message as the verification room would hand it over. */
export function aMessage(changes: Partial<Message> = {}): Message {
  return {
    channel: "sms",
    to: "+46701740605",
    text: "483920 is your Acme code. Do not share it with anyone.",
    template: "{code} is your Acme code. Do not share it with anyone.",
    digits: 6,
    locale: "en",
    idempotencyKey: "challenge-1.0",
    expiresAt: new Date(Date.now() + 300_000),
    ...changes,
  };
}

export function anEmail(changes: Partial<Message> = {}): Message {
  return aMessage({
    channel: "email",
    to: "ada@example.com",
    subject: "Your Acme verification code",
    html: "<!doctype html><p>483920</p>",
    ...changes,
  });
}

/** A signal that is never aborted. */
export const patient = (): { signal: AbortSignal } => ({ signal: new AbortController().signal });
