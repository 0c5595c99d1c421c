/**
 * `npm test` has minutes and tries often; `TEST_EFFORT=full npm test` tries as often as the requirement says. Every test is
 * run either way, and every mutant is caught either way.
 */
export function times(full: number, quick: number): number {
  return process.env["TEST_EFFORT"] === "full" ? full : quick;
}
