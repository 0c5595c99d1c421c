import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { providerChecks, type ProviderBench } from "../../src/testing/provider-contract.js";
import { consoleProvider } from "../../src/providers/console.js";
import { outbox } from "../../src/providers/outbox.js";
import type { Message } from "../../src/providers/provider.js";
import { smtp } from "../../src/providers/smtp.js";
import { webhook } from "../../src/providers/webhook.js";
import { faultyProvider } from "../../src/testing/faulty-provider.js";
import { startFaultServer } from "../helpers/fault-server.js";
import { startMailServer } from "../helpers/smtp-server.js";

const written = ({ to, text }: Pick<Message, "to" | "text">): string => `${to}\n${text}`;

function byOutbox(): ProviderBench {
  const box = outbox();
  return { provider: box, arrived: () => box.messages.toReversed().map(written) };
}

function byConsole(): ProviderBench {
  const frames: string[] = [];
  return { provider: consoleProvider({ write: (text) => void frames.push(text) }), arrived: () => frames };
}

async function byWebhook(): Promise<ProviderBench> {
  const carrier = await startFaultServer();
  return {
    provider: webhook({ url: carrier.url, secret: "0123456789abcdef01234567" }),
    arrived: () => carrier.seen.map(({ body }) => body),
    break: (how) => carrier.script(how === "hang" ? "timeout" : 400),
    close: () => carrier.close(),
  };
}

async function bySmtp(): Promise<ProviderBench> {
  const mails: string[] = [];
  let broken: "refuse" | "hang" | undefined;
  const server = await startMailServer({
    onRcptTo: (_address, _session, done) => {
      done(broken === "refuse" ? Object.assign(new Error("no such mailbox"), { responseCode: 550 }) : null);
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (broken === "hang") return;
        mails.push([...envelope.rcptTo.map(({ address }) => address), Buffer.concat(chunks).toString()].join("\n"));
        done();
      });
    },
  });
  return {
    provider: smtp({ url: `smtp://127.0.0.1:${server.port}`, from: "no-reply@acme.test" }),
    channel: "email",
    arrived: () => mails,
    break: (how) => void (broken = how),
    close: () => server.close(),
  };
}

function byFunction(): ProviderBench {
  const all: string[] = [];
  let broken: "refuse" | "hang" | undefined;
  return {
    provider: async (message, { signal }) => {
      if (broken === "refuse") throw new Error("refused");
      if (broken === "hang") await wait(60_000, undefined, { signal });
      all.push(written(message));
      return { reference: message.idempotencyKey };
    },
    arrived: () => all,
    break: (how) => void (broken = how),
  };
}

describe.each([
  ["outbox()", byOutbox],
  ["consoleProvider()", byConsole],
  ["webhook()", byWebhook],
  ["smtp()", bySmtp],
  ["a function", byFunction],
  ["faultyProvider() without a fault", () => faulty([])],
] as const)("%s", (_name, make) => {
  it.each([...providerChecks(make)])("%s", async (_sentence, check) => await check());
});

function faulty(fails: Parameters<typeof faultyProvider>[0]["fails"]): ProviderBench {
  const provider = faultyProvider({ fails });
  return { provider, arrived: () => provider.box.messages.toReversed().map(written) };
}

/** Providers with one flaw each, and the promises that it breaks. */
const FLAWED: readonly (readonly [flaw: string, sentence: RegExp, make: () => ProviderBench])[] = [
  ["sends twice", /^carries a message/, () => faulty(["duplicate"])],
  ["loses messages", /^carries a message/, () => ({ ...byFunction(), provider: () => {} })],
  ["has lost what it carried and says so", /^carries a message/, () => faulty(["500"])],
  [
    "mixes them up",
    /^carries messages at the same time/,
    () => {
      const all: string[] = [];
      let last: Message | undefined;
      const provider = async (message: Message) => {
        last = message;
        await wait(1);
        all.push(`${last.to}\n${message.text}`);
      };
      return { provider, arrived: () => all };
    },
  ],
  ["answers oddly", /^answers with a reference/, () => ({ ...byFunction(), provider: () => ({ reference: "" }) })],
  [
    "shows what it carried",
    /^has a name/,
    () => {
      const sent: string[] = [];
      return {
        provider: Object.assign({ name: "leaky", send: ({ text }: Message) => void sent.push(text) }, { sent }),
        arrived: () => sent,
      };
    },
  ],
  ["has a name for no path", /^has a name/, () => ({ ...byFunction(), provider: { name: "a b", send: () => {} } })],
  ["swallows a refusal", /^says so when/, () => ({ ...byFunction(), provider: () => {} })],
  [
    "tells the message in its error",
    /^says so when/,
    () => ({ ...byFunction(), provider: ({ text }) => Promise.reject(new Error(text)) }),
  ],
  ["never stops", /^stops waiting/, () => ({ ...byFunction(), provider: () => new Promise<void>(() => {}) })],
  [
    "calls unsent what may be out",
    /^stops waiting/,
    () => ({ ...byFunction(), provider: () => Promise.reject(Object.assign(new Error("late"), { unsent: true })) }),
  ],
];

describe("the contract of providers", () => {
  it.each(FLAWED)("finds one that %s", async (_flaw, sentence, make) => {
    const [check] = [...providerChecks(make)].filter(([name]) => sentence.test(name)).map(([, each]) => each);
    await expect(check?.()).rejects.toThrow();
  });
});
