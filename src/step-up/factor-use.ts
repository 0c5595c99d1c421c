import type { Clock } from "../core/clock.js";
import type { Events } from "../core/events.js";
import type { Factor } from "../methods/method.js";
import type { FactorMatch } from "../methods/method.js";
import type { FactorBook } from "./factor-book.js";

/** With so few recovery codes left it is time for new ones. */
export const FEW_CODES = 3;

interface UseParts {
  readonly factors: FactorBook | undefined;
  readonly clock: Clock;
  readonly events: Events;
}

/**
 * Keeps account of the factor that gave a right answer. False where it was good for once and somebody else had it: then
 * nothing may be granted for it.
 */
export async function factorUsed(
  { factors: book, clock, events }: UseParts,
  user: string,
  { factor, usesUp = false }: FactorMatch,
): Promise<boolean> {
  if (!factor || !book) return !usesUp;
  if (usesUp) {
    if (!(await book.remove(user, factor.id))) return false;
    const left = (await book.of(user)).filter(({ method }) => method === factor.method).length;
    events.emit("recovery.used", { user, left, low: left <= FEW_CODES });
    return true;
  }
  const used: Factor = { ...factor, lastUsedAt: clock() };
  // Which one was used last is a convenience, and no reason to keep somebody out.
  await book.replace(user, used).catch((error: unknown) => events.emit("fault", { where: "factors", error }));
  return true;
}
