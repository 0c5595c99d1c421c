import type { Clock } from "../core/clock.js";
import type { Keyring } from "../core/crypto.js";
import type { Events } from "../core/events.js";
import type { Channel } from "../providers/provider.js";
import type { Pending } from "../stores/pending.js";
import type { Store } from "../stores/store.js";
import type { CodeShape } from "./code.js";
import type { Limits } from "./limits.js";
import type { LimitValue } from "./named-limits.js";
import type { OutOfBand } from "./out-of-band.js";
import type { Registry } from "./registry.js";
import type { NumberStatus } from "./request.js";
import type { Scheduler } from "./scheduler.js";
import { invalid } from "./prepare.js";
import type { MessageBook } from "./texts.js";
import type { Step } from "./workflow.js";

/** What the verification service is built from. */
export interface VerificationParts {
  readonly store: Store;
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  readonly limits: Limits;
  readonly channels: ReadonlyMap<Channel, OutOfBand>;
  readonly namedLimits: Registry<LimitValue>;
  readonly workflows: Registry<readonly Step[]>;
  /** Workflows out of the options, by name. */
  readonly configuredWorkflows: ReadonlyMap<string, readonly Step[]>;
  readonly scheduler: Scheduler;
  /** Takes a step of a workflow, once, whoever's verification it is. */
  readonly advance: (entry: Pending, step: number) => Promise<unknown>;
  /** What people call the app, where a request names no service. */
  readonly service: string | undefined;
  /** What messages say, by language. */
  readonly book: MessageBook;
  readonly lookup: ((to: string) => NumberStatus | Promise<NumberStatus>) | undefined;
  readonly generate: ((shape: CodeShape) => string) | undefined;
}

/** @throws TwoFactorError `invalid_request` for a channel that nobody carries. */
export function outOfBandOf({ channels }: VerificationParts, channel: Channel): OutOfBand {
  const found = channels.get(channel);
  if (!found) throw invalid(`No provider for "${channel}" is configured.`);
  return found;
}
