import type { Pending } from "../stores/pending.js";
import type { Scheduler } from "./scheduler.js";
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
  if (at >= entry.expiresAt) return;
  const payload = JSON.stringify({ id: entry.id, owner: entry.owner, step: next });
  await scheduler.schedule({ key: `${QUEUE}:${entry.id}`, at, payload });
}

export async function stopEscalation(scheduler: Scheduler, entry: Pick<Pending, "id">): Promise<void> {
  await scheduler.cancel(`${QUEUE}:${entry.id}`);
}

/** What a due step says about itself. */
export interface DueStep {
  readonly id: string;
  readonly owner: string;
  readonly step: number;
}

export function onStepDue(scheduler: Scheduler, run: (due: DueStep) => Promise<void>): void {
  scheduler.onDue(QUEUE, (job) => run(JSON.parse(job.payload) as DueStep));
}
