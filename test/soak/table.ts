/** What a part of the soak has found. */
export interface Row {
  readonly name: string;
  readonly rounds: number;
  readonly compares: number;
  readonly doubleGrants: number;
  readonly lostGrants: number;
  readonly duplicateSends: number;
  readonly failOpens: number;
  /** Milliseconds. */
  readonly longest: number;
  /** How long the machine kept a process from its work at most, in milliseconds: no answer is faster than that. */
  readonly held: number;
  /** Milliseconds; nothing where nothing was broken. */
  readonly recovery?: number;
  /** The time it may take. */
  readonly allowed?: number;
  /** Whatever else must not happen, in words. */
  readonly faults: readonly string[];
  /** Told, and not judged. */
  readonly notes: string;
}

/** The budget of a request, in milliseconds. */
const BUDGET = 1_000;

const COLUMNS = {
  "": (row: Row) => row.name,
  rounds: (row: Row) => String(row.rounds),
  "compares over the cap": (row: Row) => String(row.compares),
  "double grants": (row: Row) => String(row.doubleGrants),
  "lost grants": (row: Row) => String(row.lostGrants),
  "duplicate sends": (row: Row) => String(row.duplicateSends),
  "fail-opens": (row: Row) => String(row.failOpens),
  "other faults": (row: Row) => String(row.faults.length),
  "longest answer": (row: Row) => `${Math.round(row.longest)} ms`,
  "of that held by the machine": (row: Row) => `${Math.round(row.held)} ms`,
  "recovery time": (row: Row) => (row.recovery === undefined ? "-" : `${Math.round(row.recovery)} ms`),
  notes: (row: Row) => row.notes,
};

export function table(rows: readonly Row[]): string {
  const lines = [Object.keys(COLUMNS), ...rows.map((row) => Object.values(COLUMNS).map((cell) => cell(row)))];
  const widths = Object.keys(COLUMNS).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Whether a target was missed: nothing but zeros, a second of ours, and the recovery time of the store. */
export function isMissed(row: Row): boolean {
  const {
    compares,
    doubleGrants,
    lostGrants,
    duplicateSends,
    failOpens,
    faults,
    longest,
    held,
    recovery = 0,
    allowed = 0,
  } = row;
  const counted = compares + doubleGrants + lostGrants + duplicateSends + failOpens + faults.length;
  return counted > 0 || longest > BUDGET + held || recovery > allowed;
}
