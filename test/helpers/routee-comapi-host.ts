import express, { type Express, type RequestHandler } from "express";
import {
  type OutboxMessage,
  outbox,
  sms,
  twoFactor,
  type TwoFactor,
  type TwoFactorOptions,
  voice,
} from "../../src/index.js";
import { defined } from "../../src/core/defined.js";
import type { Message } from "../../src/providers/provider.js";
import { type FakeClock, fakeClock } from "./clock.js";
import { curl as fetchedBy, type Curled, type Host, listen } from "./vendor-host.js";

/** An answer as its bytes came; whoever reads the JSON in it knows what to expect. */
export interface Answer extends Curled {
  readonly json: never;
}

export async function curl(...args: string[]): Promise<Answer> {
  return (await fetchedBy(...args)) as Answer;
}

export type Listening = Host;
export { listen };

/** An engine to serve a vendor's API from: its messages, and the code that the next of them carry. */
export interface Engine {
  readonly tfa: TwoFactor;
  readonly clock: FakeClock;
  /** Newest first. */
  readonly messages: (OutboxMessage & Pick<Message, "from" | "hints">)[];
  code: string;
}

export function engine(options: Partial<TwoFactorOptions> = {}): Engine {
  const clock = fakeClock();
  const messages: Engine["messages"] = [];
  const box = outbox();
  const carrier = {
    name: "outbox",
    send: (message: Message) => {
      box.send(message);
      const { from, hints } = message;
      messages.unshift({ ...(box.last() as OutboxMessage), ...defined({ from, hints }) });
    },
  };
  const made: { code: string } = { code: "1234" };
  const tfa = twoFactor({
    secret: "the secret of a served engine, long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(carrier), voice(carrier)],
    generateCode: () => made.code,
    // the documents know the limits of an account and no others
    limits: { sends: { perDestination: false, perPrefix: false }, spend: { sms: false, voice: false } },
    clock,
    ...options,
  });
  return Object.assign(made, { tfa, clock, messages });
}

/** An app with nothing but what is mounted, on whichever Express the test file runs; an error that reaches it is a fault. */
export function hostOf(...handlers: RequestHandler[]): Express {
  const app = express();
  for (const handler of handlers) app.use(handler);
  return app;
}

/** 4 or 5: what `express` is in this test file. */
export function majorOfExpress(): number {
  return "del" in express.application ? 4 : 5;
}
