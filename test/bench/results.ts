import { readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism } from "node:os";
import path from "node:path";
import type { Part, Row } from "./part.js";
import { root } from "./root.js";
import type { Medians } from "./rounds.js";

const file = path.join(root, "test/bench/results.json");

/** What is kept of a part: enough to see next time what has changed, and to read it years from now. */
export interface PartResult {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Judged[];
  readonly medians: Medians;
}

/** A line of the table with its number. */
export interface Judged {
  readonly what: string;
  readonly beside: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Row["target"];
}

export type Results = Readonly<Record<string, PartResult>>;

export function readResults(): Results {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Results;
  } catch {
    return {};
  }
}

/** Parts that did not run keep what they had. */
export function writeResults(results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

export function resultOf(part: Part, medians: Medians, rounds: number): PartResult {
  const figures = (name: string, figure = "cpu"): number => medians[name]?.[figure] ?? Number.NaN;
  const rows = part.rows.map(({ what, beside, value, unit = "x", target }): Judged => {
    const number = Number(value(figures).toPrecision(3));
    return { what, beside, value: number, unit, ...(target && { target }) };
  });
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores, ${arch()}, Node ${process.versions.node}`,
    rounds: Math.min(rounds, part.rounds ?? rounds),
    versions: Object.fromEntries(part.peers.map((name) => [name, versionOf(name)])),
    rows,
    medians,
  };
}

export function isMissed({ value, target }: Judged): boolean {
  if (!target) return false;
  return "most" in target ? !(value <= target.most) : !(value >= target.least);
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
