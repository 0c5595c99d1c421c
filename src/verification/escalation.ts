import type { Events } from "../core/events.js";
import type { Pending } from "../stores/pending.js";
import type { Job, Scheduler } from "./scheduler.js";
import type { Step } from "./workflow.js";

/** Where a verification is in its workflow. */
export interface Progress {
  readonly steps: readonly Step[];
  /** The step that comes next; the first is taken when the verification opens. */
  readonly next: number;
}

const QUEUE = "workflow";

/** Sets the timer for the step after this one, if there is one and the code still lives by then. */
export async function scheduleNext(
  scheduler: Scheduler,
  entry: Pending,
  { steps, next }: Progress,
  now: number,
): Promise<void> {
  const step = steps[next];
  if (!step) return;
  const at = now + step.interval;
  if (at < entry.expiresAt) await scheduler.schedule(jobOf(entry, next, at));
}

/** The timer of the second step. The first message is out by now: without one, it is all there will be. */
export async function beginEscalation(
  { scheduler, events }: { readonly scheduler: Scheduler; readonly events: Events },
  entry: Pending,
  progress: Progress,
  now: number,
): Promise<void> {
  await scheduleNext(scheduler, entry, progress, now).catch((error: unknown) =>
    events.emit("fault", { where: "workflow", error }),
  );
}

function jobOf({ id }: Pending, step: number, at: number): Job {
  return { key: `${QUEUE}:${id}`, at, payload: JSON.stringify({ id, step }) };
}

/** How long somebody waits for an answer, over all the messages that are tried for it; milliseconds. */
export const SEND_BUDGET = 5_000;
/** With less than this left another channel is no use to try. */
const LEAST_TIME = 500;

/** A step whose message could not be sent. */
interface Failed<T> {
  readonly scheduler: Scheduler;
  readonly entry: Pending;
  /** The step that would come after it, if there is one. */
  readonly next: number | undefined;
  /** By when whoever asked wants an answer (`performance.now()`). */
  readonly until: number;
  readonly now: number;
  /** The answer that it has earned. */
  readonly answer: T;
}

/**
 * What could not be sent brings the next step forward: at once while whoever asked can still wait, and otherwise as soon
 * as the scheduler gets to it.
 */
export async function failOver<T extends { readonly ok: boolean }>(
  { scheduler, entry, next, until, now, answer }: Failed<T>,
  advance: (step: number) => Promise<T>,
): Promise<T> {
  if (next === undefined) return answer;
  if (until - performance.now() < LEAST_TIME) {
    await scheduler.schedule(jobOf(entry, next, now));
    return answer;
  }
  const advanced = await advance(next);
  return advanced.ok ? advanced : answer;
}

/** Never fails: a timer that is left finds a verification that has ended, and does nothing. */
export async function stopEscalation(scheduler: Scheduler, entry: Pick<Pending, "id">): Promise<void> {
  await scheduler.cancel(`${QUEUE}:${entry.id}`).catch(() => undefined);
}

/** What a due step says about itself. */
export interface DueStep {
  readonly id: string;
  readonly step: number;
}

export function onStepDue(scheduler: Scheduler, run: (due: DueStep) => Promise<void>): void {
  scheduler.onDue(QUEUE, async (job) => {
    await run(JSON.parse(job.payload) as DueStep);
    return true;
  });
}

/** Whoever took a step may have died before the next one's timer was set: then it is set now, for when it would have been. */
export async function goOnAfter(scheduler: Scheduler, entry: Pending, steps: readonly Step[]): Promise<void> {
  const { events, updatedAt, delivery } = entry;
  await scheduleNext(scheduler, entry, { steps, next: (delivery.step ?? 0) + 1 }, events.at(-1)?.at ?? updatedAt);
}
