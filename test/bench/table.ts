import { isMissed, type Judged, type Results } from "./results.js";

/** What is measured beside what, with the target and what the last run had found. */
export function table(results: Results, before: Results): string {
  const head = ["part", "what", "beside", "found", "target", "", "before"];
  const lines = Object.entries(results).flatMap(([part, { rows }]) =>
    rows.map((row) => [
      part,
      row.what,
      row.beside,
      amount(row),
      target(row),
      verdict(row),
      change(row, before[part]?.rows),
    ]),
  );
  return aligned([head, ...lines]);
}

/** What the README says of it: the same as a table, and the versions of what it was measured beside. */
export function markdown(results: Results): string {
  const parts = Object.values(results);
  const cells = parts.flatMap(({ rows }) =>
    rows.map((row) => [row.what, row.beside, amount(row), target(row), isMissed(row) ? "missed" : ""]),
  );
  const lines = [["what", "beside", "found", "to reach", ""], ["---", "---", "---:", "---", "---"], ...cells];
  const versions = new Map(parts.flatMap((part) => Object.entries(part.versions)));
  const named = [...versions].sort().map(([name, version]) => `${name} ${version}`);
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n\nVersions: ${named.join(", ")}.\n`;
}

function amount({ value, unit }: Pick<Judged, "value" | "unit">): string {
  return Number.isFinite(value) ? `${value}${unit === "x" ? "" : " "}${unit}`.trim() : "-";
}

function target({ target: wanted, unit }: Judged): string {
  if (!wanted) return "";
  return "most" in wanted
    ? `at most ${amount({ value: wanted.most, unit })}`
    : `at least ${amount({ value: wanted.least, unit })}`;
}

function verdict(row: Judged): string {
  return row.target ? (isMissed(row) ? "MISSED" : "ok") : "";
}

/** Below a tenth it is the machine's mood. */
const WORTH_TELLING = 0.1;

function change(row: Judged, before: readonly Judged[] = []): string {
  const old = before.find(({ what, beside }) => what === row.what && beside === row.beside);
  if (!old || !(Math.abs(row.value - old.value) > WORTH_TELLING * Math.abs(old.value))) return "";
  return `was ${amount(old)}`;
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
