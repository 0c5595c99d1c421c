import { performance } from "node:perf_hooks";
import type { Sample } from "./part.js";

/** Milliseconds for the compiler to settle, and to measure in. */
const WARM_UP = 400;
const LENGTH = 600;
/** A batch takes about as long: short enough that few are interrupted by another process. */
const BATCH = 1;

interface Settings {
  /** How many run at a time, for operations that wait. @default 1 */
  readonly atOnce?: number;
  readonly warmUp?: number;
  readonly length?: number;
}

/**
 * What one operation costs: `cpu` is the process's time over all threads, garbage collection included; `wall` is the
 * median of short batches. On a shared machine the first is the steadier one.
 */
export function timed(
  operation: (index: number) => unknown,
  { warmUp = WARM_UP, length = LENGTH }: Settings = {},
): Sample {
  let index = 0;
  const run = (times: number): void => {
    for (let left = times; left > 0; left -= 1) operation((index += 1));
  };
  const rate = (ms: number): number => {
    const begin = performance.now();
    let done = 0;
    while (performance.now() - begin < ms) {
      run(64);
      done += 64;
    }
    return done / (performance.now() - begin);
  };
  const times = Math.max(1, Math.round(rate(warmUp) * BATCH));
  const batches: number[] = [];
  const before = process.cpuUsage();
  const begin = performance.now();
  while (performance.now() - begin < length) {
    const at = performance.now();
    run(times);
    batches.push(performance.now() - at);
  }
  return sample(before, batches, times);
}

/** The same for operations that wait: so many at once, then the next so many. */
export async function timedAsync(
  operation: (index: number) => Promise<unknown>,
  { atOnce = 1, warmUp = WARM_UP, length = LENGTH }: Settings = {},
): Promise<Sample> {
  let index = 0;
  const run = async (): Promise<void> => {
    if (atOnce === 1) await operation((index += 1));
    else await Promise.all(Array.from({ length: atOnce }, () => operation((index += 1))));
  };
  const warm = performance.now();
  while (performance.now() - warm < warmUp) await run();
  const batches: number[] = [];
  const before = process.cpuUsage();
  const begin = performance.now();
  while (performance.now() - begin < length) {
    const at = performance.now();
    await run();
    batches.push(performance.now() - at);
  }
  return sample(before, batches, atOnce);
}

function sample(before: NodeJS.CpuUsage, batches: readonly number[], times: number): Sample {
  const { user, system } = process.cpuUsage(before);
  return { cpu: ((user + system) * 1_000) / (batches.length * times), wall: (median(batches) * 1e6) / times };
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
