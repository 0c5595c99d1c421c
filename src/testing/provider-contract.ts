import assert, { AssertionError } from "node:assert/strict";
import { randomInt } from "node:crypto";
import { inspect } from "node:util";
import { type Awaitable, within } from "../core/deadline.js";
import type { Channel, DeliveryProvider, Message, Receipt, SendFunction } from "../providers/provider.js";

/** A provider and the carrier behind it. */
export interface ProviderBench {
  readonly provider: DeliveryProvider | SendFunction;
  /** What to send. @default "sms" */
  readonly channel?: Channel;
  /** Everything that has arrived at the carrier, oldest first, as one text each. */
  readonly arrived: () => Awaitable<readonly string[]>;
  /** Has the carrier refuse, or take a message and say nothing; where there is a carrier that could. */
  readonly break?: (how: "refuse" | "hang") => Awaitable<void>;
  readonly close?: () => Awaitable<void>;
}

export type MakeProvider = () => Awaitable<ProviderBench>;

/** How long a hanging carrier is waited for, in milliseconds, and how long it may take a provider to notice. */
const PATIENCE = 300;
const NOTICE = 2_000;

const CHECKS = {
  async "carries a message to whoever it is for, once, as it was written"({ provider, arrived, channel }) {
    const message = aMessage(channel);
    await sent(provider, message);
    const all = await arrived();
    assert.equal(all.length, 1, "one message");
    assert.ok(all[0]?.includes(codeOf(message)), "its text");
    assert.ok(all[0]?.includes(message.to), "its recipient");
  },

  async "carries messages at the same time without mixing them up"({ provider, arrived, channel }) {
    const messages = Array.from({ length: 5 }, () => aMessage(channel));
    await Promise.all(messages.map((message) => sent(provider, message)));
    const all = await arrived();
    for (const message of messages) {
      const its = all.filter((each) => each.includes(codeOf(message)));
      assert.equal(its.length, 1, "each once");
      assert.ok(its[0]?.includes(message.to), "to its own recipient");
    }
  },

  async "answers with a reference, or with nothing"({ provider, channel }) {
    const receipt = await sent(provider, aMessage(channel));
    const reference: unknown = receipt?.reference;
    assert.ok(reference === undefined || (typeof reference === "string" && reference !== ""), "a text, if any");
  },

  async "has a name that can be shown, and keeps what it carried to itself"({ provider, channel }) {
    if (typeof provider !== "function") assert.match(provider.name, /^[\w.~-]{1,60}$/);
    const message = aMessage(channel);
    await sent(provider, message);
    keepsQuiet(
      inspect(provider, { depth: 9, getters: true, showHidden: true }) + (JSON.stringify(provider) ?? ""),
      message,
    );
  },

  async "says so when the carrier refuses, and not what was refused"({ provider, channel, break: breakIt }) {
    if (!breakIt) return;
    await breakIt("refuse");
    const message = aMessage(channel);
    keepsQuiet(inspect(await failureOf(provider, message), { depth: 9 }), message);
  },

  async "stops waiting when its time is over"({ provider, channel, break: breakIt }) {
    if (!breakIt) return;
    // Connections are there by then: what is waited for is the answer.
    await sent(provider, aMessage(channel));
    await breakIt("hang");
    const message = aMessage(channel);
    const error = await failureOf(provider, message);
    assert.notEqual(Object(error).unsent, true, "the message may be out: it must not be called unsent");
    keepsQuiet(inspect(error, { depth: 9 }), message);
  },
} satisfies Record<string, (bench: ProviderBench) => Promise<void>>;

/**
 * Every promise of a delivery provider by its sentence; each runs on a new one and rejects where it is broken. Any test
 * runner does: `for (const [sentence, check] of providerChecks(makeProvider)) test(sentence, check)`.
 */
export function providerChecks(makeProvider: MakeProvider): ReadonlyMap<string, () => Promise<void>> {
  const run = (check: (bench: ProviderBench) => Promise<void>) => async (): Promise<void> => {
    const bench = await makeProvider();
    try {
      await check(bench);
    } finally {
      await bench.close?.();
    }
  };
  return new Map(Object.entries(CHECKS).map(([sentence, check]) => [sentence, run(check)]));
}

function aMessage(channel: Channel = "sms"): Message {
  const code = String(randomInt(100_000_000, 1_000_000_000));
  const isEmail = channel === "email";
  return {
    channel,
    to: isEmail ? `someone-${code.slice(0, 4)}@example.com` : `+46701${code.slice(3)}`,
    text: `${code} is a code for a test.`,
    template: "{code} is a code for a test.",
    digits: code.length,
    locale: "en",
    idempotencyKey: `check-${code}.0`,
    expiresAt: new Date(Date.now() + 300_000),
    ...(isEmail ? { subject: "A test", html: `<!doctype html><p>${code}</p>` } : {}),
  };
}

function codeOf({ text }: Message): string {
  return text.slice(0, 9);
}

async function sent(provider: ProviderBench["provider"], message: Message, ms = NOTICE): Promise<Receipt | void> {
  const context = { signal: AbortSignal.timeout(ms) };
  const sending = (async () =>
    (typeof provider === "function" ? provider : provider.send.bind(provider))(message, context))();
  const late = () => new AssertionError({ message: "It went on waiting after its signal was aborted." });
  return within(sending, ms + NOTICE, late);
}

/** What it rejected with. */
async function failureOf(provider: ProviderBench["provider"], message: Message): Promise<unknown> {
  const failure = await sent(provider, message, PATIENCE).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  assert.ok(failure, "It resolved, and no carrier has taken the message.");
  if (failure.error instanceof AssertionError) throw failure.error;
  return failure.error;
}

function keepsQuiet(text: string, message: Message): void {
  assert.ok(!text.includes(codeOf(message)), "The code can be read.");
  assert.ok(!text.includes(message.to), "The recipient can be read.");
}
