import { maskAddress } from "../core/redact.js";
import type { Method, MethodName } from "../methods/method.js";
import type { Delivery } from "../stores/pending.js";
import { refused } from "../verification/outcome.js";
import type { Usable } from "./people.js";

/** By which method somebody wants to answer and, where it reaches them in several places, by which of these. */
export interface Selection {
  readonly method: MethodName;
  readonly factor?: string | undefined;
}

/** A way that is open to a person, as they may see it. */
export interface Alternative {
  readonly method: MethodName;
  /** Which of several recipients: the id of an enrolled factor, or `"contact"`. */
  readonly factor?: string;
  /** What they call it. */
  readonly name?: string;
  /** Masked. */
  readonly to?: string;
  /** How many characters they are going to type. */
  readonly digits: number;
}

export function alternativesOf(usable: readonly Usable[]): readonly Alternative[] {
  const [first] = usable;
  if (first && usable.length === 1 && !first.name && first.to === undefined) return onlyBy(first.method);
  const several = (method: MethodName): boolean => usable.filter((each) => each.method.name === method).length > 1;
  return usable.map(({ method: { name: method, digits }, factor, name = "", to }) => ({
    method,
    ...(factor !== undefined && several(method) ? { factor } : {}),
    ...(name === "" ? {} : { name }),
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    digits,
  }));
}

const alone = new WeakMap<Method, readonly Alternative[]>();

/** One list for everybody who has this method and no other, as nothing in it is theirs: an authenticator app, say. */
function onlyBy(method: Method): readonly Alternative[] {
  const known = alone.get(method) ?? [{ method: method.name, digits: method.digits }];
  alone.set(method, known);
  return known;
}

/** Where the wish leads; nothing for a way that is none of theirs, or not any more. */
export function pick(usable: readonly Usable[], { method, factor }: Selection): Usable | undefined {
  return usable.find((each) => each.method.name === method && (factor === undefined || each.factor === factor));
}

/** The one of these that is in use, where it is still theirs: what is no factor any more the app may know as well. */
export function inUse(ways: readonly Usable[], { factor, to }: Delivery): Usable | undefined {
  return ways.find((each) => each.factor === factor) ?? ways.find((each) => to !== undefined && each.to === to);
}

/** Whether the wish leads to where the challenge is now: the same method again means the same recipient. */
export function isThere(now: Delivery, { factor }: Selection, { method, to }: Usable): boolean {
  return method.name === now.method && (factor === undefined || to === now.to);
}

/** Whether the challenge goes by this one. */
export function isCurrent({ method, factor }: Delivery, each: Alternative): boolean {
  return each.method === method && (each.factor === undefined || each.factor === factor);
}

/** As for a method that the route does not take: somebody else's factor and one that never was are the same. */
export const NO_SUCH_WAY = refused("method_not_allowed", { detail: "There is no such way to reach this person." });
