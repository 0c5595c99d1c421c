import type { Request, Response } from "express";
import { addressOf } from "../address.js";
import type { Refused } from "../../verification/outcome.js";
import type { Pending } from "../../stores/pending.js";
import type { Fields } from "../body.js";
import type { Asker } from "../../step-up/wanted.js";
import { askerIn, type Identity } from "../identity.js";
import type { Kit } from "../kit.js";

/** A call of one of our routes by somebody who is logged in. */
export interface Call {
  readonly kit: Kit;
  readonly req: Request;
  readonly res: Response;
  readonly who: Identity;
  /** The body; empty for a GET. */
  readonly fields: Fields;
}

/** What a route has to say, before it becomes JSON or a page. */
export interface Reply {
  readonly ok: true;
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Where a person goes from here; the page itself by default. */
  readonly onward?: (call: Call) => Promise<void>;
}

/** A refusal that a person reads on another page than the challenge's. */
export interface Denial extends Refused {
  readonly onward?: (call: Call) => Promise<void>;
}

export type Answered = Reply | Denial;

export interface Route {
  readonly method: "GET" | "POST";
  /** Whether an `Idempotency-Key` makes repeated calls one. */
  readonly idempotent?: boolean;
  /** The page that the route belongs to, below our path; the challenge's by default. */
  readonly page?: string;
  /** Asked before everything else: false means that it has answered the request itself. */
  permit?(call: Call): Promise<boolean>;
  handle(call: Call): Promise<Answered | "answered">;
}

/** The challenge somebody means by id, else the newest of their login. */
export function whichOf(id: string | undefined): { id?: string } {
  return id === undefined ? {} : { id };
}

export function askerOf({ who, req }: Call): Asker {
  return { ip: addressOf(req), ...askerIn(who) };
}

/** The same refusal, with the challenge it is about, so that the page can go on showing it. */
export async function withEntry(call: Call, refusal: Refused, id: string | undefined): Promise<Refused> {
  if (refusal.entry) return refusal;
  const entry: Pending | undefined = await call.kit.challenges.find(askerOf(call), whichOf(id));
  // What was used or canceled has nothing left to show.
  return entry?.state === "pending" ? { ...refusal, entry } : refusal;
}
