import type { MethodName, Person } from "../methods/method.js";
import type { Store } from "../stores/store.js";
import { refused, refusedAsDisabled, type Refused } from "../verification/outcome.js";
import type { Started } from "../verification/service.js";
import type { Step } from "../verification/workflow.js";
import type { Usable } from "./people.js";
import { usualOf } from "./usual.js";
import type { Asker, Wanted } from "./wanted.js";

/** A challenge that is to be opened. */
export interface Wish {
  readonly asker: Asker;
  readonly wanted: Wanted;
  readonly person: Person;
  /** What the person has asked for. */
  readonly prefer: MethodName | undefined;
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
  const names = usable.map(({ method }) => method.name);
  const steps = wanted.workflow?.filter(({ channel }) => names.some((name) => name === channel));
  const usual = await usualOf(store, asker.user, names);
  const first = prefer ?? steps?.[0]?.channel ?? usual;
  const chosen = first === undefined ? usable[0] : usable.find(({ method }) => method.name === first);
  return { chosen, steps, usual };
}

/**
 * Why there is nothing to begin with. Whoever has a method that is disabled must not pass for somebody who has none:
 * that person may be let through, or asked to set up a factor of their own.
 */
export function noChoice(wish: Wish, usable: readonly Usable[]): Refused {
  const { prefer, all } = wish;
  const isOff = prefer === undefined ? usable.length < all.length : isDisabled(wish, usable, prefer);
  return isOff ? refusedAsDisabled() : refused("not_enrolled");
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
