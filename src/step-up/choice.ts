import type { ErrorDetails } from "../core/errors.js";
import { isProduction } from "../core/options.js";
import type { MethodName, Person } from "../methods/method.js";
import type { Store } from "../stores/store.js";
import { refused, refusedAsDisabled, type Refused } from "../verification/outcome.js";
import type { Started } from "../verification/service.js";
import type { Step } from "../verification/workflow.js";
import { contactTrouble } from "./contact-trouble.js";
import { namesOf, type Usable } from "./people.js";
import { usualOf } from "./usual.js";
import type { Asker, Wanted } from "./wanted.js";
import { NO_SUCH_WAY, pick, type Selection } from "./ways.js";

/** A challenge that is to be opened. */
export interface Wish {
  readonly asker: Asker;
  readonly wanted: Wanted;
  readonly person: Person;
  /** What the person has asked for. */
  readonly prefer: Selection | undefined;
  /** Every method that there is. */
  readonly configured: readonly MethodName[];
  /** What they can use, disabled or not. */
  readonly all: readonly Usable[];
}

/** What it begins with. */
export interface Choice {
  readonly chosen: Usable | undefined;
  /** The steps of its workflow that can be taken for this person. */
  readonly steps: readonly Step[] | undefined;
  readonly usual: MethodName | undefined;
}

/** What was asked for, or else comes first in the workflow, or is usual, or is the strongest. */
export async function choose(
  store: Store,
  { asker, wanted, prefer }: Wish,
  usable: readonly Usable[],
): Promise<Choice> {
  const names = namesOf(usable);
  const steps = wanted.workflow?.filter(({ channel }) => names.some((name) => name === channel));
  const usual = await usualOf(store, asker.user, names);
  const first = names.find((name) => name === (steps?.[0]?.channel ?? usual));
  const selection = prefer ?? (first && { method: first });
  const chosen = selection ? pick(usable, selection) : usable[0];
  return { chosen, steps, usual };
}

/**
 * Why there is nothing to begin with. Whoever has a method that is disabled must not pass for somebody who has none:
 * that person may be let through, or asked to set up a factor of their own.
 */
export function noChoice(wish: Wish, usable: readonly Usable[]): Refused {
  const { prefer, all } = wish;
  if (prefer && has(usable, prefer.method)) return NO_SUCH_WAY;
  const isOff = prefer ? isDisabled(wish, usable, prefer.method) : usable.length < all.length;
  return isOff ? refusedAsDisabled() : refused("not_enrolled", isProduction() ? {} : lesson(wish));
}

function lesson({ person, wanted: { allowed }, configured }: Wish): ErrorDetails {
  const unfit = contactTrouble(person.contact, configured, allowed);
  return unfit === undefined ? {} : { detail: unfit };
}

/** The others, where some turned out to be disabled. */
export function othersLeft(started: Started, usable: readonly Usable[]): readonly Usable[] | undefined {
  if (started.ok || started.reason !== "disabled") return undefined;
  const left = usable.filter(({ method }) => !started.methods.includes(method.name));
  return left.length < usable.length ? left : undefined;
}

/** Whether it would be there, had it not turned out to be disabled. */
export function isDisabled({ all }: Wish, usable: readonly Usable[], name: string): boolean {
  return has(all, name) && !has(usable, name);
}

function has(usable: readonly Usable[], name: string): boolean {
  return usable.some(({ method }) => method.name === name);
}

/**
 * They have a method, and it is what this login began with. Were another login asked for it, then this one must not pass
 * for somebody who has none: else whoever holds the mailbox could set up a second factor of their own.
 */
export function noOther({ varies }: Asker): Refused {
  if (!varies) return refused("not_enrolled");
  return refused("method_not_allowed", {
    detail: "The only method is what this login began with: log in another way.",
  });
}
