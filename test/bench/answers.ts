import { randomBytes } from "node:crypto";
import type { NewPending } from "../../src/stores/pending.js";
import type { Store } from "../../src/stores/store.js";
import { inFlight, insisting, type Turn } from "./turns.js";

const MINUTE = 60_000;
const LOCK = { after: 1_000, first: 15 * MINUTE, longest: 24 * 60 * MINUTE, ceiling: 1_000 };
/** A code by SMS is asked for no longer than that. */
export const LIFE = 10 * MINUTE;

export const randomName = (): string => randomBytes(16).toString("base64url");

/** A code by SMS for one user in one session, as the guard opens it. */
export function pendingOf(user: string): NewPending {
  const to = "+46700000000";
  return {
    id: randomName(),
    tenant: "#guard",
    owner: `${user} in a session`,
    purpose: "",
    subject: user,
    keyId: "Nb3Xr0aJ",
    maxAttempts: 5,
    ttl: LIFE,
    delivery: { method: "sms", to, status: "sent", sent: [{ method: "sms", to, sends: 1, resendAt: 0 }] },
    events: [{ id: randomName(), at: 0, channel: "sms", to, country: "SE", provider: "mitto", status: "sent" }],
    detail: { action: "transfer" },
    supersede: "return",
  };
}

/**
 * What a store is asked when somebody answers: `wrong` counts, `right` counts and uses up. Each answer is to another
 * one of verifications that were opened before, and each user has one.
 */
export function answersTo(store: Store): Readonly<Record<"start" | "wrong" | "right", Turn>> {
  let users = 0;
  let guesses = 0;
  let opened: NewPending[] = [];
  const start = async (): Promise<NewPending> => {
    const entry = pendingOf(`user ${process.pid} ${(users += 1)}`);
    const { outcome } = await insisting(() => store.open(entry, entry.subject ?? "", [], Date.now()));
    if (outcome !== "opened") throw new Error(outcome);
    return entry;
  };
  const prepare = async (times: number): Promise<void> => {
    opened = [];
    await inFlight(async () => opened.push(await start()), 10, times);
  };
  const attempt = async (index: number) => {
    const { id, owner, tenant, subject: account = "" } = opened[index] as NewPending;
    // The guard draws its own from a pool: to ask the system for each would be counted as the store's.
    const nonce = `guess ${process.pid} ${(guesses += 1)}`;
    const guess = { nonce, account, lock: LOCK };
    const counted = await insisting(() => store.attempt({ id, owner, tenant }, guess, Date.now()));
    if (counted.outcome !== "counted") throw new Error(counted.outcome);
    return { which: { id, tenant }, proof: { nonce, account, method: "sms", methods: counted.methods } };
  };
  const right = async (index: number): Promise<void> => {
    const { which, proof } = await attempt(index);
    const { outcome } = await insisting(() => store.consume(which, proof, Date.now()));
    if (outcome !== "consumed") throw new Error(outcome);
  };
  return { start: { run: start }, wrong: { prepare, run: attempt }, right: { prepare, run: right } };
}
