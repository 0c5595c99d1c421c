import { misconfigured, unavailable } from "../core/errors.js";
import type { Events } from "../core/events.js";
import { checkKeys, wholeNumber } from "../core/options.js";
import type { Channel, Message, Provider, ReceiptReader } from "../providers/provider.js";
import { presentable } from "./delivery-fault.js";
import { Lane, loadBreakers } from "./lane.js";

export type Delivered =
  | {
      readonly ok: true;
      readonly provider: string;
      readonly reference?: string;
      /** The provider made the code itself: `reference` is what it is asked by. */
      readonly remote?: true;
      /** That code, if the provider told it; whoever keeps it seals it. */
      readonly code?: string;
    }
  /** `unknown`: nobody accepted it, but somebody may have sent it all the same. */
  | { readonly ok: false; readonly outcome: "failed" | "unknown" };

export interface Carrier {
  /** Never throws, and answers within the deadline, or by `until` if that is sooner (`performance.now()`). */
  send(
    message: Message,
    context: { readonly challenge: string; readonly until?: number | undefined },
  ): Promise<Delivered>;
  /** Whether any of its providers makes codes of its own, of whatever shape. */
  readonly hasRemote: boolean;
  /** Its providers by name, with what reads their delivery receipts. */
  readonly readers: readonly { readonly name: string; readonly read: ReceiptReader | undefined }[];
  /**
   * Asks the provider that made a code whether this is the one.
   *
   * @throws TwoFactorError `unavailable` when it did not say.
   */
  check(remote: { provider: string; reference: string }, code: string, to: string): Promise<boolean>;
  /** Has a code that nobody needs any more forgotten. Never throws: it dies by itself as well. */
  cancel(remote: { provider: string; reference: string }): Promise<void>;
}

/** All times in milliseconds. */
export interface CarrierOptions {
  readonly events: Events;
  /** What it is to carry: providers that cannot are passed over, and a chain of nothing else is refused. */
  readonly channel?: Channel;
  /** For one message over all providers and tries. Default 5000. */
  readonly deadline?: number;
  /** The first pause before another try. Default 100. */
  readonly backoff?: number;
  /** How long a provider that failed five times in a row is left alone. Default 30000. */
  readonly rest?: number;
}

/**
 * Providers in order of preference: each message goes to the first, and on to the next only if that one fails.
 * A provider that may have taken the message is asked again only if it drops duplicates.
 *
 * @throws TwoFactorError `misconfigured` for an empty list or something that is not a provider.
 */
export function createCarrier(providers: Provider | readonly Provider[], options: CarrierOptions): Carrier {
  checkKeys(options, { events: true, channel: true, deadline: true, backoff: true, rest: true }, "createCarrier()");
  const deadline = wholeNumber(options.deadline ?? 5_000, 1, 60_000, "deadline");
  const rules = {
    backoff: wholeNumber(options.backoff ?? 100, 0, 10_000, "backoff"),
    rest: wholeNumber(options.rest ?? 30_000, 1, 3_600_000, "rest"),
  };
  const list = isList(providers) ? providers : [providers];
  const lanes = able(
    list.map((provider) => new Lane(provider, rules)),
    options.channel,
  );
  const remoteOf = (name: string) => {
    const lane = lanes.find((each) => each.name === name && each.remote);
    return lane?.remote && { lane, provider: lane.remote };
  };
  return {
    send: (message, { challenge, until = Infinity }) => {
      const end = Math.min(until, performance.now() + deadline);
      return overLanes(lanes, end, options.events, message, challenge);
    },
    hasRemote: lanes.some((lane) => lane.remote),
    readers: lanes.map(({ name, receipts }) => ({ name, read: receipts })),
    async check({ provider: name, reference }, code, to) {
      const found = remoteOf(name);
      if (!found) throw unavailable(`No provider named ${name} is configured any more.`);
      const { lane, provider } = found;
      try {
        // Only a plain "yes": whatever else an answer may be, it is not one.
        return (await lane.ask(deadline, (context) => provider.check(reference, code, { ...context, to }))) === true;
      } catch (error) {
        throw unavailable(`${name} did not say whether the code is right.`, error);
      }
    },
    async cancel({ provider: name, reference }) {
      const found = remoteOf(name);
      await found?.lane.ask(deadline, (context) => found.provider.cancel?.(reference, context)).catch(() => undefined);
    },
  };
}

async function overLanes(
  lanes: readonly Lane[],
  until: number,
  events: Events,
  message: Message,
  challenge: string,
): Promise<Delivered> {
  await loadBreakers();
  // the same for everybody: no provider may change what the next one carries
  const same = Object.freeze({ ...message });
  let outcome: "failed" | "unknown" = "failed";
  for (const [index, lane] of lanes.entries()) {
    const left = until - performance.now();
    if (left <= 0) break;
    const carried = await lane.carry(same, index === lanes.length - 1 ? left : left / 2);
    if (carried.ok) return { provider: lane.name, ...carried };
    if (carried.outcome === "unknown") outcome = "unknown";
    const error = presentable(carried.error, same);
    events.emit("delivery.failed", { challenge, provider: lane.name, outcome: carried.outcome, error });
  }
  return { ok: false, outcome };
}

/** The providers that can carry this, of which there must be one. */
function able(lanes: readonly Lane[], channel: Channel | undefined): readonly Lane[] {
  if (lanes.length === 0) throw misconfigured("The list of providers is empty: nobody would carry the message.");
  const fit = lanes.filter((lane) => channel === undefined || lane.carries(channel));
  if (fit.length > 0) return fit;
  const names = lanes.map(({ name }) => name).join(", ");
  throw misconfigured(`${channel}() has no provider that can carry it: ${names} cannot.`);
}

function isList(providers: Provider | readonly Provider[]): providers is readonly Provider[] {
  return Array.isArray(providers);
}
