import type { Awaitable } from "../core/deadline.js";
import { type Keyring, sameText, seal, unseal } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import { pattern } from "../core/pattern.js";
import type { Channel, MessageHints } from "../providers/provider.js";
import type { Pending } from "../stores/pending.js";
import { type CodeSpec, deriveCode, normalizeCode } from "./code.js";
import type { Carrier, Delivered } from "./delivery.js";
import { CODE_PLACE } from "./message.js";
import { messageId } from "./message-id.js";
import type { Match } from "./service.js";

/** A message that has everything but its code. */
export interface Composed {
  readonly text: string;
  readonly subject?: string;
  readonly html?: string;
  readonly locale: string;
}

/** A code that goes out by one channel and comes back through the person (NIST SP 800-63B-4 section 3.1.3). */
export interface OutOfBand {
  readonly channel: Channel;
  /** Countries that may be sent to, ISO 3166-1 alpha-2; all by default. */
  readonly countries: ReadonlySet<string> | undefined;
  /** Whether a provider makes codes of its own. */
  readonly hasRemote: boolean;
  readonly readers: Carrier["readers"];
  /** Whether this could be a code at all. */
  accepts(typed: unknown, shape: CodeSpec): boolean;
  /** The code of this verification, unless its provider made one that we were not told. */
  codeOf(entry: Pending, shape: CodeSpec): string | undefined;
  /** Sends what `compose` makes of the code, by `until` at the latest (`performance.now()`). */
  send(entry: Pending, shape: CodeSpec, compose: (code: string) => Composed, until?: number): Promise<Delivered>;
  /** In constant time, or by asking the provider that made the code. */
  compare(entry: Pending, shape: CodeSpec, typed: string): Awaitable<Match | undefined>;
  /** Tells a provider that made the code that nobody will ask for it. */
  drop(entry: Pending): Promise<void>;
}

/** Letters and digits of any script, and what else a vendor may put into a code: `xd4f67^`. */
const REMOTE_CODE = pattern(String.raw`^[\p{L}\p{N}\x20-\x7e]{3,20}$`, "u");

export function createOutOfBand(
  channel: Channel,
  carrier: Carrier,
  keys: Keyring,
  countries?: ReadonlySet<string>,
): OutOfBand {
  const codeOf = (entry: Pending, shape: CodeSpec): string | undefined => {
    const { remote } = entry.delivery;
    if (remote) return remote.code === undefined ? undefined : unseal(keys, remote.code, entry.id);
    const { sealedCode } = entry.detail as { sealedCode?: string };
    if (sealedCode !== undefined) return unseal(keys, sealedCode, entry.id);
    const set = keys.find(entry.keyId);
    return set && deriveCode(set, entry.id, entry.purpose, shape);
  };

  return {
    channel,
    countries,
    hasRemote: carrier.hasRemote,
    readers: carrier.readers,
    codeOf,
    accepts: (typed, shape) => normalizeCode(typed, shape) !== undefined || (carrier.hasRemote && isRemoteCode(typed)),

    async send(entry, shape, compose, until) {
      const code = codeOf(entry.delivery.remote ? withoutRemote(entry) : entry, shape);
      const { to } = entry.delivery;
      if (code === undefined || to === undefined) throw new Error("A message without a code or a recipient.");
      const template = carrier.hasRemote ? compose(CODE_PLACE).text : CODE_PLACE;
      const message = { channel, template, digits: shape.length, ...envelope(entry, to), ...compose(code) };
      const delivered = await carrier.send(message, { challenge: entry.id, until });
      if (!delivered.ok || delivered.code === undefined) return delivered;
      return { ...delivered, code: seal(keys, delivered.code, entry.id) };
    },

    compare(entry, shape, typed) {
      const { remote } = entry.delivery;
      if (remote && remote.code === undefined) return checkedBy(carrier, remote, entry, typed);
      const code = codeOf(entry, shape);
      // A code of the caller's own may hold what no shape of ours allows: written exactly so, it is right.
      const answers = [remote ? tidy(typed) : normalizeCode(typed, shape), typed];
      const right = answers.filter((answer) => code !== undefined && answer !== undefined && sameText(answer, code));
      return right.length > 0 ? {} : undefined;
    },

    async drop(entry) {
      if (entry.delivery.remote) await carrier.cancel(entry.delivery.remote);
    },
  };
}

/** With the code of our own that it would have had. */
function withoutRemote(entry: Pending): Pending {
  const { remote: _before, ...delivery } = entry.delivery;
  return { ...entry, delivery };
}

/** Whoever made the code says whether this is it. */
async function checkedBy(
  carrier: Carrier,
  remote: NonNullable<Pending["delivery"]["remote"]>,
  { delivery: { to = "" } }: Pending,
  typed: string,
): Promise<Match | undefined> {
  const tidied = tidy(typed);
  if (tidied === undefined || tidied === "") return undefined;
  if (await carrier.check(remote, tidied, to)) return {};
  // what we took for a separator may be a part of this vendor's codes
  const written = typed.trim();
  return written !== tidied && (await carrier.check(remote, written, to)) ? {} : undefined;
}

function envelope(entry: Pending, to: string) {
  const from = entry.events.at(-1)?.from;
  const { hints } = entry.detail as { hints?: MessageHints };
  return { to, idempotencyKey: messageId(entry), expiresAt: new Date(entry.expiresAt), ...defined({ from, hints }) };
}

/** A vendor's code as people type it; which characters it may have is the vendor's affair. */
function tidy(typed: unknown): string | undefined {
  return typeof typed === "string" && typed.length <= 64 ? typed.normalize("NFKC").replace(/[\s-]/g, "") : undefined;
}

function isRemoteCode(typed: unknown): boolean {
  return (
    typeof typed === "string" &&
    typed.trim() !== "" &&
    [typed, tidy(typed)].some((each) => REMOTE_CODE().test(each ?? ""))
  );
}
