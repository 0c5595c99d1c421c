import { fingerprint } from "../core/crypto.js";
import { type Awaitable, whenThere } from "../core/deadline.js";
import type { Events } from "../core/events.js";
import type { MethodName } from "../methods/method.js";
import type { Store } from "../stores/store.js";

/**
 * Methods of one strength: a text and a call reach the same telephone over the same network. Only among these does it
 * matter what somebody used last. Everywhere else the strongest method comes first, every time: whoever once had to fall
 * back on a weaker one would otherwise be led to it for ever, and so would whoever has stolen that one.
 */
const ALIKE: readonly MethodName[] = ["sms", "voice"];
const NAME = "method";

/** What this person used last, where that may decide; no call of the store where it may not. */
export function usualOf(store: Store, user: string, usable: readonly MethodName[]): Awaitable<MethodName | undefined> {
  if (!mayDecide(usable)) return undefined;
  return whenThere(store.documents(listOf(user)), ([last]) =>
    usable.find((name) => name === last && ALIKE.includes(name)),
  );
}

/** Keeps what was used: a convenience, and no reason to keep somebody out. */
export async function rememberUsual(
  { store, events }: { readonly store: Store; readonly events: Events },
  { user, methods, usual }: Known,
  used: string,
): Promise<void> {
  if (used === usual || !mayDecide(methods) || !ALIKE.some((name) => name === used)) return;
  await keep(store, user, used).catch((error: unknown) => events.emit("fault", { where: "usual method", error }));
}

interface Known {
  readonly user: string;
  readonly methods: readonly MethodName[];
  readonly usual?: MethodName | undefined;
}

async function keep(store: Store, user: string, used: string): Promise<void> {
  if (!(await store.replaceDocument(listOf(user), NAME, used))) await store.addDocument(listOf(user), NAME, used);
}

export async function forgetUsual(store: Store, user: string): Promise<void> {
  await store.removeDocument(listOf(user), NAME);
}

/** The first is the strongest: where it is one of several that are alike. */
function mayDecide([strongest, ...others]: readonly MethodName[]): boolean {
  return strongest !== undefined && ALIKE.includes(strongest) && others.some((name) => ALIKE.includes(name));
}

function listOf(user: string): string {
  return fingerprint(["usual", user]);
}
