import { performance } from "node:perf_hooks";
import type { Sample } from "./part.js";
import { median, used } from "./timing.js";

/** Something that is asked of a server, and what must be there before so many of it. */
export interface Turn {
  readonly prepare?: (times: number) => Promise<unknown>;
  readonly run: (index: number) => Promise<unknown>;
}

const ROUNDS = 5;
/** So often a step is asked for that was too late on a busy machine. */
const TRIES = 20;

/**
 * Turns that alternate in one process, against the same server: the same slow second meets all of them. Of each the
 * median of so many a second, under its own name, and `<name> cpu`: the microseconds of this process for each.
 */
export async function byTurns(turns: Readonly<Record<string, Turn>>, atOnce: number, times: number): Promise<Sample> {
  const found = new Map<string, { rates: number[]; cpu: number[] }>();
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, { prepare, run }] of Object.entries(turns)) {
      await prepare?.(times);
      const [begin, cpu] = [performance.now(), used()];
      await inFlight(run, atOnce, times);
      const { rates, cpu: cpus } = found.get(name) ?? { rates: [], cpu: [] };
      if (round > 0) {
        rates.push(times / ((performance.now() - begin) / 1_000));
        cpus.push(((used() - cpu) * 1_000) / times);
      }
      found.set(name, { rates, cpu: cpus });
    }
  }
  const figures = [...found].flatMap(([name, { rates, cpu }]) => [
    [name, median(rates)] as const,
    [`${name} cpu`, median(cpu)] as const,
  ]);
  return Object.fromEntries(figures);
}

/** Runs it so many times, so many of them at once. */
export async function inFlight(run: (index: number) => Promise<unknown>, atOnce: number, times: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < times) {
      next += 1;
      await run(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** For steps that name their request: asked again, they answer the same. */
export async function insisting<T>(step: () => T | Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
