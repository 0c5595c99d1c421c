import { performance } from "node:perf_hooks";
import type { Sample } from "./part.js";

/** Milliseconds of the process's own time to measure in. */
const LENGTH = 500;
/** Before that the compiler has to settle: so many operations, if they take no longer than that, and at least so long. */
const WARM = { operations: 5_000, least: 400, most: 2_000 };
/** A batch takes about as many milliseconds: few of them are interrupted by another process. */
const BATCH = 1;

interface Settings {
  /** How many run at a time, for operations that wait. @default 1 */
  readonly atOnce?: number;
  /** Milliseconds of the process's own time to measure in. */
  readonly length?: number;
}

/**
 * What one operation costs: `cpu` is the process's time over all threads, garbage collection included; `wall` is the
 * median of short batches. On a shared machine the first is the steadier one.
 */
export function timed(operation: (index: number) => unknown, { length = LENGTH }: Settings = {}): Sample {
  let index = 0;
  const run = (times: number): void => {
    for (let left = times; left > 0; left -= 1) operation((index += 1));
  };
  let times = 1;
  for (const warm = warmUp(); !warm(index);) {
    const begin = performance.now();
    run(times);
    times = adapted(times, performance.now() - begin);
  }
  const batches: number[] = [];
  const begin = used();
  while (used() < begin + length) {
    const at = performance.now();
    run(times);
    batches.push(performance.now() - at);
  }
  return sample(used() - begin, batches, times);
}

/** The same for operations that wait: so many at once, then the next so many. */
export async function timedAsync(
  operation: (index: number) => Promise<unknown>,
  { atOnce = 1, length = LENGTH }: Settings = {},
): Promise<Sample> {
  let index = 0;
  let times = atOnce;
  const run = async (): Promise<void> => {
    if (atOnce === 1) for (let left = times; left > 0; left -= 1) await operation((index += 1));
    else await Promise.all(Array.from({ length: atOnce }, () => operation((index += 1))));
  };
  for (const warm = warmUp(); !warm(index);) {
    const begin = performance.now();
    await run();
    if (atOnce === 1) times = adapted(times, performance.now() - begin);
  }
  const batches: number[] = [];
  const begin = used();
  while (used() < begin + length) {
    const at = performance.now();
    await run();
    batches.push(performance.now() - at);
  }
  return sample(used() - begin, batches, times);
}

/** How many make a batch of the right length. */
function adapted(times: number, took: number): number {
  return took < BATCH ? Math.ceil(times * 1.2) : Math.ceil(times / 1.2);
}

function warmUp(): (operations: number) => boolean {
  const begin = used();
  return (operations) => {
    const passed = used() - begin;
    return passed >= WARM.most || (passed >= WARM.least && operations >= WARM.operations);
  };
}

/** Milliseconds that this process has worked so far, on all threads. */
export function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function sample(cpu: number, batches: readonly number[], times: number): Sample {
  return { cpu: (cpu * 1e6) / (batches.length * times), wall: (median(batches) * 1e6) / times };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
