import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Part, Sample } from "./part.js";
import { median } from "./timing.js";

const worker = path.join(import.meta.dirname, "worker.js");
const PATIENCE = 600_000;

export type Medians = Readonly<Record<string, Sample>>;

interface Task {
  readonly part: string;
  readonly name: string;
  readonly rounds: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs every case of the parts in every round, each in a fresh process. The rounds go through all cases in turn and begin
 * at another one each time, so that a slow minute of the machine meets all alike.
 */
export async function runRounds(
  parts: Readonly<Record<string, Part>>,
  rounds: number,
): Promise<Record<string, Medians>> {
  const started = new Map<string, Readonly<Record<string, string>>>();
  const ends: (() => Promise<void>)[] = [];
  try {
    for (const [name, part] of Object.entries(parts)) {
      const surroundings = part.around ? await part.around() : { env: {}, end: () => Promise.resolve() };
      if (!surroundings) process.stderr.write(`${name}: left out, this machine lacks what it needs.\n`);
      if (surroundings) ends.push(() => surroundings.end());
      if (surroundings) started.set(name, surroundings.env);
    }
    const tasks = [...started].flatMap(([part, env]) => tasksOf(part, parts[part], rounds, env));
    return mediansOf(await runAll(tasks, rounds));
  } finally {
    for (const end of ends) await end();
  }
}

function tasksOf(part: string, about: Part | undefined, rounds: number, env: Task["env"]): Task[] {
  const times = Math.min(rounds, about?.rounds ?? rounds);
  return Object.keys(about?.cases ?? {}).map((name) => ({ part, name, rounds: times, env }));
}

type Found = Map<string, Map<string, Sample[]>>;

async function runAll(tasks: readonly Task[], rounds: number): Promise<Found> {
  const found: Found = new Map();
  for (let round = 0; round < rounds; round += 1) {
    const from = Math.floor((round * tasks.length) / rounds);
    for (const task of [...tasks.slice(from), ...tasks.slice(0, from)]) {
      if (round >= task.rounds) continue;
      process.stderr.write(`\rround ${round + 1} of ${rounds}: ${task.part} ${task.name}\u001b[K`);
      const ofPart = found.get(task.part) ?? new Map<string, Sample[]>();
      found.set(task.part, ofPart.set(task.name, [...(ofPart.get(task.name) ?? []), await run(task)]));
    }
  }
  process.stderr.write("\r\u001b[K");
  return found;
}

/** One that fails is told and measures nothing: the others are worth having all the same. */
async function run({ part, name, env }: Task): Promise<Sample> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", worker, part, name], {
      env: { ...process.env, ...env, NODE_ENV: "production" },
      timeout: PATIENCE,
    });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Sample;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    process.stderr.write(`\n${part} ${name}: ${stderr ?? String(error)}\n`);
    return {};
  }
}

function mediansOf(found: Found): Record<string, Medians> {
  const ofCase = (samples: readonly Sample[]): Sample =>
    Object.fromEntries(
      Object.keys(samples[0] ?? {}).map((figure) => [
        figure,
        rounded(median(samples.map((each) => each[figure] ?? Number.NaN))),
      ]),
    );
  const ofPart = (cases: ReadonlyMap<string, readonly Sample[]>): Medians =>
    Object.fromEntries([...cases].map(([name, samples]) => [name, ofCase(samples)]));
  return Object.fromEntries([...found].map(([part, cases]) => [part, ofPart(cases)]));
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
