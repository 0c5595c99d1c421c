import type { Row, Sample } from "./part.js";

/** The same turns twice: with a few, and with many beside them. */
export function both(few: Sample, many: Sample): Sample {
  const named = (sample: Sample, when: string) =>
    Object.entries(sample).map(([name, value]) => [`${name}, ${when}`, value] as const);
  return Object.fromEntries([...named(few, "few"), ...named(many, "many")]);
}

/** By rate: what a start, or a right answer, takes with a million pending beside what it took with a thousand. */
export function pendingRows(store: string): Row[] {
  return [
    ["start", "start"],
    ["verify", "right"],
  ].map(([what, name]) => ({
    what: `${what} with a million pending, ${store}`,
    beside: "with a thousand",
    value: (m) => m("pending", `${name}, few`) / m("pending", `${name}, many`),
    target: { most: 1.2 },
  }));
}
