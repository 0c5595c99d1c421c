import { allThere, type Awaitable, whenThere } from "../core/deadline.js";
import type { Contact, Enrolled, Method, MethodName, Person } from "../methods/method.js";
import { isProduction } from "../core/options.js";
import { refused, type Refused } from "../verification/outcome.js";
import { ask } from "./ask.js";
import type { FactorBook } from "./factor-book.js";

/** How the app answers for a user; `null` or nothing for an account that is closed. */
export type ContactOf = (userId: string) => Awaitable<Contact | null | undefined>;

/** The person behind a user id; `null` when the account is closed, and nothing where the app knows nothing of it. */
export function personOf(
  { contactOf, factors: book }: { readonly contactOf: ContactOf; readonly factors: FactorBook | undefined },
  user: string,
): Awaitable<Person | null | undefined> {
  const known = allThere([ask("The contact callback", () => contactOf(user)), book?.of(user)] as const);
  return whenThere(known, ([contact, factors]) =>
    contact ? { user, contact, factors: factors ?? NONE } : contact === null ? null : undefined,
  );
}

const NONE: readonly never[] = [];

/** What somebody is told for whom there is no person. */
export function nobody(person: null | undefined): Refused {
  const lesson =
    "twoFactor({ contact }) returned nothing for this user: return { phone, email }, or null for a closed account.";
  const unknown = isProduction() ? "This account is not known." : lesson;
  return refused("first_factor_required", { detail: person === null ? "This account is closed." : unknown });
}

/** A method this person can use, and one place where it reaches them. */
export interface Usable extends Enrolled {
  readonly method: Method;
}

/** Their methods, each once. */
export function namesOf(usable: readonly Usable[]): readonly MethodName[] {
  const [first, ...others] = usable;
  return first && others.length === 0 ? onlyOf(first.method) : [...new Set(usable.map(({ method }) => method.name))];
}

const alone = new WeakMap<Method, readonly MethodName[]>();

/** One list for everybody who has this method and no other: it is kept with every challenge. */
function onlyOf(method: Method): readonly MethodName[] {
  const known = alone.get(method) ?? [method.name];
  alone.set(method, known);
  return known;
}

/** What this person can use, in the order the app configured: strongest first, and every way of each. */
export function usableMethods(
  methods: readonly Method[],
  person: Person,
  allowed: readonly MethodName[] | undefined,
): Awaitable<Usable[]> {
  const candidates = methods.filter((method) => !allowed || allowed.includes(method.name));
  const ways = allThere(candidates.map((method) => ask(`Looking up ${method.name}`, () => method.enrolled(person))));
  return whenThere(ways, (enrolled) =>
    candidates.flatMap((method, index) => (enrolled[index] ?? []).map((way) => ({ method, ...way }))),
  );
}
