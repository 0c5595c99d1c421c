import type { Clock } from "../core/clock.js";
import type { Events } from "../core/events.js";
import type { FactorMatch, Method, Person } from "../methods/method.js";
import type { Pending } from "../stores/pending.js";
import { isSameWay } from "../verification/delivery-state.js";
import { refused, type Refused } from "../verification/outcome.js";
import { ask } from "./ask.js";

/** A provider that checks its own codes has five seconds; nobody has more than this, in milliseconds. */
const PATIENCE = 6_000;

/** A right answer, and what it proves. */
export interface MethodMatch extends FactorMatch {
  readonly method: string;
}

/**
 * Holds an answer against every code that is out: whichever fits tells which method was proved. All are tried, whatever
 * the first says, so that the time taken tells nothing.
 */
export async function compareAll(
  methods: readonly Method[],
  entry: Pending,
  person: Person,
  typed: string,
  { clock, events }: { readonly clock: Clock; readonly events: Events },
): Promise<MethodMatch | undefined> {
  let match: MethodMatch | undefined;
  let compared = false;
  let held = false;
  let fault: unknown;
  const asks = methods.flatMap((method) => askedBy(method, entry).map((asked) => [method, asked] as const));
  for (const [method, asked] of asks) {
    try {
      if (!(await method.stillReaches(asked, person))) continue;
      if (!compared) events.emit("code.compared", { challenge: entry.id, method: entry.delivery.method });
      compared = true;
      const found = await ask("Checking the code", () => method.compare(asked, person, typed, clock()), PATIENCE);
      held = true;
      if (found) match ??= { method: method.name, ...found };
    } catch (error) {
      fault ??= error;
    }
  }
  // An attempt is given back only when nobody compared: else a broken second method would make guesses free.
  if (fault !== undefined && !held) throw fault;
  return match;
}

/** What could be right by none of these. */
export function noAnswer(methods: readonly Method[]): Refused {
  const shapes = [...new Set(methods.map(({ digits }) => digits).filter(Boolean))].join(" or ");
  const detail = shapes === "" ? "This is no answer of a passkey." : `A code has ${shapes} digits.`;
  return refused("invalid_request", { detail });
}

/** The challenge as this method asked it, of each recipient; nothing if it did not, or if nothing of it ever left. */
function askedBy(method: Method, entry: Pending): readonly Pending[] {
  if (!method.send) return method.name === entry.delivery.method ? [entry] : [];
  return entry.delivery.sent
    .filter((sent) => sent.method === method.name)
    .map((sent) => {
      if (isSameWay(sent, entry.delivery)) return entry;
      // A code of a provider's making is the one of the way in use: no other may answer with it.
      const { remote: _other, ...delivery } = entry.delivery;
      return { ...entry, delivery: { ...delivery, method: sent.method, to: sent.to } };
    });
}
