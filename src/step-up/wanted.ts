import { fingerprint } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import type { Enrolled, MethodName } from "../methods/method.js";
import type { Pending } from "../stores/pending.js";
import type { Step } from "../verification/workflow.js";
import { type Alternative, alternativesOf } from "./ways.js";
import { namesOf, type Usable } from "./people.js";
import type { Bound } from "./transaction.js";

/** Who is asked: a user in one login. Never taken from a request's body. */
export interface Asker {
  readonly user: string;
  readonly binding: string;
  /** Methods that would only prove the first factor of this login once more. */
  readonly barred?: readonly MethodName[] | undefined;
  /** That another login of the same person may have another first factor. */
  readonly varies?: boolean | undefined;
  /** Where the request came from: too many wrong codes from there are refused. */
  readonly ip?: string | undefined;
}

/** What a proof is wanted for. */
export interface Wanted {
  readonly action?: string | undefined;
  /** The action as people read it; an action that a route implies has none. */
  readonly label?: string | undefined;
  readonly bound?: Bound | undefined;
  /** Methods the route accepts; every configured one by default. */
  readonly allowed?: readonly MethodName[] | undefined;
  /** Channels to be tried one after the other. */
  readonly workflow?: readonly Step[] | undefined;
  /** How long the proof will hold, in milliseconds. */
  readonly maxAge: number;
  /** Named limits the route asks for. */
  readonly limits: readonly string[];
  readonly ip?: string | undefined;
  /** An `Accept-Language` header, where the person's own locale is not known. */
  readonly language?: string | undefined;
}

/** What a challenge remembers of it. Plain JSON; the store keeps it unread. */
export interface ChallengeDetail extends Omit<Wanted, "bound" | "language"> {
  readonly user: string;
  /** What this person can use here. */
  readonly methods: readonly MethodName[];
  /** Every way of them. */
  readonly choices: readonly Alternative[];
  /** For passkeys: which the browser may use. */
  readonly credentials?: Enrolled["credentials"];
  readonly bind?: string | undefined;
  readonly show: readonly (readonly [label: string, value: string])[];
  readonly locale: string;
  /** What they used last, where that has decided. */
  readonly usual?: MethodName | undefined;
}

export function makeDetail(
  { user }: Asker,
  { bound, action, label, allowed, maxAge, limits, ip }: Wanted,
  usable: readonly Usable[],
  { workflow, locale, usual }: Pick<ChallengeDetail, "workflow" | "locale" | "usual">,
): ChallengeDetail {
  const [methods, choices, show] = [namesOf(usable), alternativesOf(usable), bound?.show ?? NONE];
  const found = usable.flatMap((each) => each.credentials ?? []);
  const credentials = found.length > 0 ? found : undefined;
  // Most challenges are for nothing in particular: what is not there takes no room in what is kept of them.
  const known = defined({ action, label, allowed, workflow, ip, bind: bound?.digest, usual, credentials });
  return Object.assign({ maxAge, limits, user, methods, choices, show, locale }, known);
}

const NONE: readonly never[] = [];

/** The one place that reads a detail back: nothing but `makeDetail()` writes them. */
export function readDetail(entry: Pending): ChallengeDetail {
  return entry.detail as unknown as ChallengeDetail;
}

/** The same wish once more, for a challenge that ended before it was answered. */
export function wantedAgain(entry: Pending): Wanted {
  const { user: _user, methods: _methods, choices: _choices, usual: _usual, ...detail } = readDetail(entry);
  const { locale, bind, show, credentials: _credentials, ...wanted } = detail;
  return { ...wanted, language: locale, bound: bind === undefined ? undefined : { digest: bind, show } };
}

/** Challenges of the guard, apart from what accounts of the service verify, and from enrolments of the same login. */
export const GUARD_TENANT = "#step-up";

/** One user in one login, without telling either. */
export function ownerOf({ user, binding }: Asker): string {
  return fingerprint(["owner", user, binding]);
}

/** One string for the many challenges that are for nothing in particular. */
const ANYTHING = JSON.stringify([null, null, null]);

/** What makes two challenges of one login the same: what they are for, and what may answer them. */
export function purposeOf({ action, bound, allowed }: Wanted, { barred }: Pick<Asker, "barred"> = {}): string {
  if (action === undefined && !bound && !allowed && !barred) return ANYTHING;
  return JSON.stringify([action ?? null, bound?.digest ?? null, allowed ?? null, ...(barred ? [{ barred }] : [])]);
}
