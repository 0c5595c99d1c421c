import { maker } from "../core/called.js";
import { randomId } from "../core/crypto.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, listOf, oneOf } from "../core/options.js";
import { outbox, type Outbox } from "../providers/outbox.js";
import {
  DeliveryError,
  type DeliveryProvider,
  type DeliveryReport,
  type Message,
  type Receipt,
} from "../providers/provider.js";
import { signedHeaders, webhookKeys } from "../providers/standard-webhooks.js";
import { webhookReceipts } from "../providers/webhook-receipts.js";
import type { TestAgent, TestAnswer } from "./agent.js";

/**
 * `"timeout"`: the message arrives and the answer does not, without the wait. `"500"`: nothing arrives. `"duplicate"`: it
 * arrives twice. `"late-receipt"`: it is taken, and what became of it is told when `postReceipts()` says so.
 */
export type ProviderFault = (typeof FAULTS)[number];
const FAULTS = ["timeout", "500", "duplicate", "late-receipt"] as const;

export interface FaultyProviderOptions {
  /** One for each coming message; those after the last arrive as they should. */
  fails: readonly ProviderFault[];
  /** Where messages arrive. @default a new one */
  box?: Outbox;
  /** For events, and for the path of receipts. @default "faulty" */
  name?: string;
  /** The clock that the app goes by: receipts are signed by it. @default Date.now */
  clock?: () => number;
}

export interface FaultyProvider extends DeliveryProvider {
  readonly box: Outbox;
  /** How many messages it was handed. */
  readonly handed: number;
  /** Posts what became of the messages whose receipts are late, signed as the app expects it. */
  postReceipts(agent: TestAgent, status: DeliveryReport["status"], path?: string): Promise<TestAnswer>;
}

/**
 * A provider that fails to order.
 *
 * @throws TwoFactorError `misconfigured` for a fault that it does not know.
 */
export function faultyProvider(options: FaultyProviderOptions): FaultyProvider {
  checkKeys(options, { fails: true, box: true, name: true, clock: true }, "faultyProvider()");
  const { box = outbox(), name = "faulty", clock = Date.now } = options;
  const faults = listOf(options.fails, "faultyProvider({ fails })").map((each) =>
    oneOf(each, FAULTS, "faultyProvider({ fails })"),
  );
  const keys = webhookKeys(randomId(), "faultyProvider()");
  const late: string[] = [];
  let handed = 0;

  const perform = (fault: ProviderFault | undefined, message: Message): Receipt | void => {
    if (fault === "500") throw new DeliveryError(`${name} answered with status 500.`, { unsent: false });
    box.send(message);
    if (fault === "duplicate") box.send(message);
    if (fault === "timeout") throw new DeliveryError(`${name} did not answer in time.`, { unsent: false });
    if (fault === "late-receipt") late.push(message.idempotencyKey);
  };
  return {
    name,
    box,
    get handed() {
      return handed;
    },
    receipts: webhookReceipts(keys),
    send: async (message) => perform(faults[handed++], message),
    async postReceipts(agent, status, path = "/2fa") {
      if (late.length === 0)
        throw misconfigured('faultyProvider({ fails }): no message has had its "late-receipt" yet.');
      const body = JSON.stringify(late.splice(0).map((id) => ({ id, status })));
      const headers = { "content-type": "application/json", ...signedHeaders(keys, randomId(), body, clock()) };
      return agent.post(`${path}/receipts/${name}`).set(headers).send(body);
    },
  };
}
maker(faultyProvider, "faultyProvider");
