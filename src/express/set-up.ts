import type { Request } from "express";
import type { ParsedPolicy } from "../step-up/policy.js";
import { type Asker, ownerOf } from "../step-up/wanted.js";
import type { Kit } from "./kit.js";
import type { Spot } from "./resume.js";

/** Below the path of the instance. */
export const FACTORS_PAGE = "/factors";

/** Whether setting a method up could open this door at all: else the way there would be a circle. */
export function canSetUp({ enrolled, methods, resistant }: Kit, { methods: wanted }: ParsedPolicy<Request>): boolean {
  if (!enrolled) return false;
  const offered = methods.filter(({ enrolling }) => enrolling).map(({ name }) => name);
  if (wanted === "all") return offered.length > 0;
  if (wanted === "phishing-resistant") return offered.some((name) => resistant.includes(name));
  return wanted.names.some((name) => offered.includes(name));
}

/** Where a login was going when it had to set something up first. */
export function setUpSpot(asker: Asker): Spot {
  return { owner: ownerOf(asker), purpose: "#set-up" };
}
