import { setImmediate as turn } from "node:timers/promises";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import type { Pending, SendEvent, Which } from "../../src/stores/pending.js";
import { triedBy } from "../../src/stores/tried.js";
import type { RecordFilter, RecordPage, UsageRow } from "../../src/stores/records.js";
import type { Charge, Charged, Counting, Store } from "../../src/stores/store.js";

/** A store with one thing wrong, and the check of the contract that must notice. */
export interface Mutant {
  readonly name: string;
  readonly caughtBy: string;
  make(): Store;
}

/** The memory store, but for what is given. */
function mutant(name: string, caughtBy: string, wrong: (right: Store) => Partial<Store>): Mutant {
  return { name, caughtBy, make: () => without(memoryStore(), wrong) };
}

function without(right: Store, wrong: (right: Store) => Partial<Store>): Store {
  const changed = wrong(right);
  return new Proxy(right, {
    get(target, name) {
      const member: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name);
      return typeof member === "function" ? member.bind(Object.hasOwn(changed, name) ? changed : target) : member;
    },
  });
}

const never = Number.MAX_SAFE_INTEGER;
let fresh = 0;
const another = (text: string): string => `${text} ${(fresh += 1)}`;

export const STORE_MUTANTS: readonly Mutant[] = [
  mutant(
    "reads, waits and then counts",
    "counts no more attempts than there are, however many come at once",
    (right) => {
      // the classic: everybody who looked before the first one wrote sees attempts left
      const attempts = new Map<string, number>();
      return {
        async attempt(which, guess, now) {
          const row = await right.find(which, now);
          const before = attempts.get(row?.id ?? "") ?? 0;
          await turn();
          if (!row) return { outcome: "missing" };
          if (before >= row.maxAttempts) return { outcome: "spent" };
          attempts.set(row.id, before + 1);
          const entry: Pending = { ...row, attempts: before + 1 };
          return {
            outcome: "counted",
            entry,
            attemptsLeft: row.maxAttempts - before - 1,
            lockedUntil: Number(guess.lock.after < 0),
            methods: [row.delivery.method],
            reached: [],
          };
        },
      };
    },
  ),
  mutant(
    "reads, waits and then consumes",
    "uses a verification up once, however many right answers come at once",
    (right) => {
      const used = new Set<string>();
      return {
        async consume({ id = "" }, _proof, now) {
          const before = used.has(id);
          await turn();
          used.add(id);
          if (before) return { outcome: "used" };
          await right.find({ id }, now);
          return { outcome: "consumed", at: now };
        },
      };
    },
  ),
  mutant("reads, waits and then opens", "opens one of many that are asked for at the same time", (right) => ({
    async open(entry, account, charges, now) {
      const before = await right.find({ owner: entry.owner }, now);
      await turn();
      if (before?.purpose === entry.purpose && before.state === "pending") return { outcome: "exists", entry: before };
      return right.open({ ...entry, owner: entry.owner, purpose: another(entry.purpose) }, account, charges, now);
    },
  })),
  mutant(
    "reads, waits and then charges",
    "lets exactly as many through as there is room for, however many come at once",
    (right) => ({
      async charge(charges, now) {
        const peeked = await right.charge(
          charges.map((each) => ({ ...each, peek: true })),
          now,
        );
        await turn();
        if (peeked.outcome === "charged")
          for (const each of charges) await right.charge([{ ...each, max: never }], now);
        return peeked;
      },
    }),
  ),
  mutant("reads, waits and then says who is first", "is first for one of many that come at once", (right) => {
    const firsts = new Map<string, string>();
    return {
      async claim(key, value, ttl, now) {
        const first = firsts.get(key);
        await turn();
        if (first === undefined) firsts.set(key, value);
        return first === undefined ? value : right.claim(key, value, ttl, now);
      },
    };
  }),
  mutant("reads, waits and then takes", "takes a value out for one of many that come at once", (right) => ({
    async take(key, now) {
      const value = await right.get(key, now);
      await turn();
      await right.take(key, now);
      return value;
    },
  })),
  mutant("changes whatever the revision", "changes a verification once for each revision", (right) => ({
    async amend(which, change, charges, now) {
      const row = await right.find(which, now);
      return right.amend(which, { ...change, revision: row?.revision ?? 0 }, charges, now);
    },
  })),
  mutant(
    "grants every right answer",
    "uses a verification up once, however many right answers come at once",
    (right) => ({
      async consume(which, proof, now) {
        const consumed = await right.consume(which, proof, now);
        return consumed.outcome === "used" ? { outcome: "consumed", at: now } : consumed;
      },
    }),
  ),
  mutant(
    "grants a request that never counted",
    "uses a verification up for a request that counted, and for no other",
    (right) => ({
      async consume(which, proof, now) {
        const { lock } = { lock: { after: never, first: 1, longest: 1, ceiling: never } };
        await right.attempt(which, { nonce: proof.nonce, account: "nobody", lock }, now);
        return right.consume(which, proof, now);
      },
    }),
  ),
  mutant("forgets the steps", "burns a step with the verification that proved it, and every earlier one", (right) => ({
    consume: (which, { step: _step, ...proof }, now) => right.consume(which, proof, now),
  })),
  mutant(
    "remembers only the last step",
    "burns a step with the verification that proved it, and every earlier one",
    (right) => ({
      consume: (which, { step, ...proof }, now) =>
        right.consume(which, step ? { ...proof, step: { key: `${step.key}:${step.value}`, value: 1 } } : proof, now),
    }),
  ),
  mutant("takes anybody for the owner", "finds a verification for its owner only", (right) => ({
    find: (which, now) => right.find(anybodys(which), now),
  })),
  mutant("counts for anybody", "counts nothing for somebody else's verification", (right) => ({
    attempt: (which, guess, now) => right.attempt(anybodys(which), guess, now),
  })),
  mutant("counts the same request twice", "counts an attempt once for each nonce, and repeats its answer", (right) => ({
    attempt: (which, guess, now) => right.attempt(which, { ...guess, nonce: another(guess.nonce) }, now),
  })),
  mutant(
    "knows nothing of accounts",
    "locks an account after so many failures, over all its verifications",
    (right) => ({
      attempt: (which, guess, now) => right.attempt(which, { ...guess, account: another(guess.account) }, now),
    }),
  ),
  mutant(
    "counts failures for each verification",
    "locks an account after so many failures, over all its verifications",
    (right) => ({
      attempt: (which, guess, now) => right.attempt(which, { ...guess, account: `${guess.account}:${which.id}` }, now),
    }),
  ),
  mutant("locks for the same time always", "doubles every further lock, up to the longest", (right) => ({
    attempt: (which, guess, now) =>
      right.attempt(which, { ...guess, lock: { ...guess.lock, longest: guess.lock.first } }, now),
  })),
  mutant("locks for ever longer", "doubles every further lock, up to the longest", (right) => ({
    attempt: (which, guess, now) => right.attempt(which, { ...guess, lock: { ...guess.lock, longest: never } }, now),
  })),
  mutant("opens while locked", "opens nothing and counts nothing while an account is locked", (right) => ({
    open: (entry, account, charges, now) => right.open(entry, another(account), charges, now),
  })),
  mutant(
    "never clears a failure",
    "clears the failures with a right answer, and remembers how often it was locked",
    (right) => ({
      consume: (which, proof, now) => right.consume(which, { ...proof, account: another(proof.account) }, now),
    }),
  ),
  mutant(
    "has no ceiling",
    "disables a method after so many failures in a row, and counts and opens nothing by it any more",
    (right) => ({
      attempt: (which, guess, now) => right.attempt(which, { ...guess, lock: { ...guess.lock, ceiling: never } }, now),
    }),
  ),
  mutant(
    "opens by a method that is disabled",
    "disables a method after so many failures in a row, and counts and opens nothing by it any more",
    (right) => ({
      open: (entry, account, charges, now) => right.open({ ...entry, offers: [] }, account, charges, now),
    }),
  ),
  mutant(
    "says of every failure that it reached the ceiling",
    "disables a method after so many failures in a row, and counts and opens nothing by it any more",
    (right) => ({
      async attempt(which, guess, now) {
        const counted = await right.attempt(which, guess, now);
        return counted.outcome === "counted" ? { ...counted, reached: counted.methods } : counted;
      },
    }),
  ),
  mutant(
    "forgets failures by a method with the lock they led to",
    "remembers failures by a method through every lock and for most of a year, and no longer",
    (right) => {
      let day = 0;
      return {
        async attempt(which, guess, now) {
          if (now - day > 86_400_000) await right.unlock(guess.account, now);
          day = now;
          return right.attempt(which, guess, now);
        },
      };
    },
  ),
  mutant("starts every method anew", "starts only the method anew that was proved", (right) => ({
    async consume(which, proof, now) {
      const consumed = await right.consume(which, proof, now);
      if (consumed.outcome === "consumed") await right.unlock(proof.account, now);
      return consumed;
    },
  })),
  mutant(
    "keeps what it counted for a method beside the one that was proved",
    "counts an answer for every method whose code it may be, and gives back what it was not",
    (right) => ({
      consume: (which, proof, now) => right.consume(which, { ...proof, methods: [proof.method] }, now),
    }),
  ),
  mutant(
    "compares with what is disabled",
    "compares nothing with a method that is disabled, and still with another of the same verification",
    (right) => ({
      async attempt(which, guess, now) {
        const counted = await right.attempt(which, guess, now);
        return counted.outcome === "counted" ? { ...counted, methods: triedBy(counted.entry.delivery) } : counted;
      },
    }),
  ),
  mutant(
    "reads, waits and then counts failures by a method",
    "counts no more failures by a method than lead to the ceiling, however many come at once",
    (right) => {
      const counts = new Map<string, number>();
      return {
        async attempt(which, guess, now) {
          const before = counts.get(guess.account) ?? 0;
          await turn();
          if (before >= guess.lock.ceiling) return { outcome: "disabled" };
          counts.set(guess.account, before + 1);
          return right.attempt(which, { ...guess, lock: { ...guess.lock, ceiling: never } }, now);
        },
      };
    },
  ),
  mutant(
    "reaches the ceiling again with the same request",
    "repeats the answer that reached the ceiling for the same nonce, and takes its right answer",
    (right) => {
      const seen = new Set<string>();
      return {
        async attempt(which, guess, now) {
          const counted = await right.attempt(which, guess, now);
          const again = seen.has(guess.nonce);
          seen.add(guess.nonce);
          return counted.outcome === "counted" && again ? { ...counted, reached: [] } : counted;
        },
      };
    },
  ),
  mutant(
    "gives nothing back to a method",
    "gives back the failure by a method of an attempt that could not be compared, once",
    (right) => ({
      forgive: (which, guess, now) => right.forgive(which, { ...guess, methods: [] }, now),
    }),
  ),
  mutant(
    "gives back as often as it is asked",
    "gives back the failure by a method of an attempt that could not be compared, once",
    (right) => ({
      async forgive(which, guess, now) {
        await right.forgive(which, guess, now);
        await right.unlock(guess.account, now);
      },
    }),
  ),
  mutant("unlocks nobody", "unlocks an account and enables its methods, and forgets what led there", () => ({
    unlock: () => undefined,
  })),
  mutant(
    "lives for ever",
    "ends a verification at the instant it was given, by its timestamp and not by a sweep",
    (right) => {
      let start: number | undefined;
      const stands = (now: number): number => (start ??= now);
      return {
        find: (which, now) => right.find(which, stands(now)),
        attempt: (which, guess, now) => right.attempt(which, guess, stands(now)),
      };
    },
  ),
  mutant(
    "lives a moment too long",
    "ends a verification at the instant it was given, by its timestamp and not by a sweep",
    (right) => ({
      attempt: (which, guess, now) => right.attempt(which, guess, now - 1),
    }),
  ),
  mutant("forgets what has ended", "tells a verification that ended from one that never was", (right) => ({
    async attempt(which, guess, now) {
      const counted = await right.attempt(which, guess, now);
      return counted.outcome === "used" ? { outcome: "missing" } : counted;
    },
  })),
  mutant("opens beside the open one", "keeps one live verification for each owner and purpose", (right) => ({
    open: (entry, account, charges, now) =>
      right.open({ ...entry, purpose: another(entry.purpose) }, account, charges, now),
  })),
  mutant("opens one for each owner only", "keeps one live verification for each owner and purpose", (right) => ({
    open: (entry, account, charges, now) => right.open({ ...entry, purpose: "" }, account, charges, now),
  })),
  mutant(
    "charges before it looks",
    "opens nothing when a limit refuses, and charges nothing when nothing opens",
    (right) => ({
      async open(entry, account, charges, now) {
        const charged = await right.charge(charges, now);
        return charged.outcome === "limited" ? charged : right.open(entry, account, [], now);
      },
    }),
  ),
  mutant(
    "gives the attempts back with every change",
    "does not give an attempt back when a verification is changed",
    (right) => {
      const forgiven = new Map<string, number>();
      return {
        async amend(which, change, charges, now) {
          const amended = await right.amend(which, change, charges, now);
          if (amended.outcome === "amended") forgiven.set(amended.entry.id, amended.entry.attempts);
          return amended;
        },
        async attempt(which, guess, now) {
          const counted = await right.attempt(which, guess, now);
          const entry = await right.find(which, now);
          if (counted.outcome !== "spent" || !entry || !forgiven.delete(entry.id)) return counted;
          return { outcome: "counted", entry, attemptsLeft: 0, lockedUntil: 0, methods: [], reached: [] };
        },
      };
    },
  ),
  mutant("cancels nothing", "cancels a live verification, once, and for its owner only", (right) => ({
    cancel: async (which, now) => (await right.find(which, now))?.state === "pending",
  })),
  mutant("cancels what was used", "either cancels or uses up a verification, never both", (right) => ({
    async cancel(which, now) {
      await right.cancel(which, now);
      return true;
    },
  })),
  mutant("counts in fixed windows", "lets no double burst through at the edge of an interval", () => fixedWindows()),
  mutant("counts in fixed windows", "agrees with the reference model on every one of many random arrivals", () =>
    fixedWindows(),
  ),
  mutant("is a millisecond off", "agrees with the reference model on every one of many random arrivals", (right) => ({
    charge: (charges, now) =>
      right.charge(
        charges.map((each) => ({ ...each, interval: each.interval - 1 })),
        now,
      ),
  })),
  mutant("charges until one refuses", "charges every limit or none, and names the one that lasts longest", (right) => ({
    async charge(charges, now) {
      for (const each of charges) {
        const charged = await right.charge([each], now);
        if (charged.outcome === "limited") return charged;
      }
      return { outcome: "charged" };
    },
  })),
  mutant(
    "counts where it should only look",
    "refuses by a limit that it only looks at, and does not count there",
    (right) => ({
      charge: (charges, now) =>
        right.charge(
          charges.map(({ peek: _peek, ...each }) => each),
          now,
        ),
    }),
  ),
  mutant(
    "looks into a log of its own for each span",
    "counts once for two spans that share a log, and refuses by either",
    (right) => ({
      charge: (charges, now) =>
        right.charge(
          charges.map((each) => (each.peek ? { ...each, key: `${each.key} ${each.interval}` } : each)),
          now,
        ),
    }),
  ),
  mutant("waits the same time always", "spaces charges by growing waits, and the last wait goes on", (right) => ({
    charge: (charges, now) =>
      right.charge(
        charges.map((each) => (each.gaps ? { ...each, gaps: each.gaps.slice(0, 1) } : each)),
        now,
      ),
  })),
  mutant("counts what it refuses", "does not count what it refuses", (right) => ({
    async charge(charges, now) {
      const charged = await right.charge(charges, now);
      if (charged.outcome === "limited")
        await right.charge(
          charges.map((each) => ({ ...each, max: never })),
          now,
        );
      return charged;
    },
  })),
  mutant("gives nothing back", "gives back what was charged at an instant, and nothing else", () => ({
    refund: () => undefined,
  })),
  mutant("gives everything back", "gives back one charge of several at the same instant", (right) => ({
    async refund(charges, at) {
      for (let time = 0; time < 10; time += 1) await right.refund(charges, at);
    },
  })),
  mutant("lets everybody be first", "is first for one nonce only, and again for that one", () => ({
    claim: (_key, value) => value,
  })),
  mutant("lets a request be first once only", "is first for one nonce only, and again for that one", (right) => ({
    claim: (key, value, ttl, now) => right.claim(key, another(value), ttl, now),
  })),
  mutant("is idle never", "marks a use while the one before is near enough, and never again once it was not", () => ({
    touch: () => true,
  })),
  mutant(
    "wakes up again",
    "marks a use while the one before is near enough, and never again once it was not",
    (right) => ({
      async touch(use, now) {
        const near = await right.touch(use, now);
        if (!near) await right.touch({ ...use, since: now }, now);
        return near;
      },
    }),
  ),
  mutant("keeps for ever", "keeps a value until its time is over, and the newest under each key", (right) => ({
    put: (key, value, _ttl, now) => right.put(key, value, never / 2, now),
  })),
  mutant("keeps the oldest", "keeps a value until its time is over, and the newest under each key", (right) => ({
    put: async (key, value, ttl, now) => (await right.get(key, now)) !== undefined || right.put(key, value, ttl, now),
  })),
  mutant("keeps what was taken", "takes a value out once", (right) => ({ take: (key, now) => right.get(key, now) })),
  mutant("revokes nobody", "knows at once when a subject was revoked, and nobody else", () => ({ revokedAt: () => 0 })),
  mutant("revokes everybody", "knows at once when a subject was revoked, and nobody else", (right) => ({
    revoke: (_subject, ttl, now) => right.revoke("", ttl, now),
    revokedAt: () => right.revokedAt(""),
  })),
  mutant(
    "drops the fields it does not know",
    "opens a verification and gives it back as it was asked for",
    (right) => ({
      open: (entry, account, charges, now) =>
        right.open({ ...entry, detail: { user: entry.detail["user"] } }, account, charges, now),
    }),
  ),
  /** Tenants, newest first, superseding and guard time. */
  mutant(
    "takes any tenant for the right one",
    "finds a verification for its tenant only, by its owner as well",
    (right) => ({
      find: ({ tenant: _tenant, ...which }, now) => right.find(which, now),
    }),
  ),
  mutant(
    "looks for the newest first and whose it is afterwards",
    "finds a verification for its tenant only, by its owner as well",
    (right) => ({
      async find({ tenant, ...which }, now) {
        const row = await right.find(which, now);
        return tenant === undefined || row?.tenant === tenant ? row : undefined;
      },
    }),
  ),
  mutant("counts for every tenant", "does nothing to what belongs to another tenant", (right) => ({
    attempt: ({ tenant: _tenant, ...which }, guess, now) => right.attempt(which, guess, now),
  })),
  mutant("notes for every tenant", "does nothing to what belongs to another tenant", (right) => ({
    note: ({ tenant: _tenant, ...which }, event, now) => right.note(which, event, now),
  })),
  mutant("forgives for every tenant", "does nothing to what belongs to another tenant", (right) => ({
    forgive: ({ tenant: _tenant, ...which }, guess, now) => right.forgive(which, guess, now),
  })),
  mutant("supersedes those of every tenant", "does nothing to what belongs to another tenant", (right) => ({
    async open(entry, account, charges, now) {
      const { entries } = await right.search({ status: "pending" }, EVERYTHING, now);
      const theirs = entries.filter(({ owner }) => entry.supersede === "cancel" && owner === entry.owner);
      for (const { id } of theirs) await right.cancel({ id }, now);
      return right.open(entry, account, charges, now);
    },
  })),
  mutant(
    "takes for the newest what was opened last",
    "takes for an owner's newest the one that was opened, returned or amended last",
    (right) => ({
      async find(which, now) {
        if (which.id !== undefined) return right.find(which, now);
        const { entries } = await right.search({ status: "pending" }, EVERYTHING, now);
        return entries.find(({ owner }) => owner === which.owner);
      },
    }),
  ),
  mutant(
    "brings forward what it does not change",
    "takes for an owner's newest the one that was opened, returned or amended last",
    (right) => ({
      async amend(which, change, charges, now) {
        const amended = await right.amend(which, change, charges, now);
        if (amended.outcome === "changed") {
          const { revision, delivery } = amended.entry;
          await right.amend(which, { revision, delivery }, [], now);
        }
        return amended;
      },
    }),
  ),
  mutant(
    "supersedes nothing",
    "cancels all of an owner's with a new one that supersedes them, and nobody else's",
    (right) => ({
      open: (entry, account, charges, now) => right.open({ ...entry, supersede: "keep" }, account, charges, now),
    }),
  ),
  mutant(
    "supersedes the newest only",
    "cancels all of an owner's with a new one that supersedes them, and nobody else's",
    (right) => ({
      async open(entry, account, charges, now) {
        if (entry.supersede === "cancel") await right.cancel({ owner: entry.owner }, now);
        return right.open({ ...entry, supersede: "keep" }, account, charges, now);
      },
    }),
  ),
  mutant(
    "cancels before it knows whether it opens",
    "cancels nothing when what would supersede it is not opened",
    (right) => ({
      async open(entry, account, charges, now) {
        if (entry.supersede === "cancel") await right.cancel({ owner: entry.owner }, now);
        return right.open(entry, account, charges, now);
      },
    }),
  ),
  mutant(
    "reads, waits and then supersedes",
    "leaves one of an owner's alive when many supersede each other at once",
    (right) => ({
      async open(entry, account, charges, now) {
        const { entries } = await right.search({ status: "pending" }, EVERYTHING, now);
        await turn();
        for (const { id } of entries) await right.cancel({ id, owner: entry.owner }, now);
        return right.open(
          { ...entry, supersede: "keep", owner: entry.owner, purpose: another("") },
          another(account),
          charges,
          now,
        );
      },
    }),
  ),
  mutant(
    "returns where it should keep",
    "keeps an owner's earlier ones beside a new one where it is told to, for the same purpose too",
    (right) => ({
      open: (entry, account, charges, now) => right.open({ ...entry, supersede: "return" }, account, charges, now),
    }),
  ),
  mutant(
    "cancels where it should keep",
    "keeps an owner's earlier ones beside a new one where it is told to, for the same purpose too",
    (right) => ({
      open: (entry, account, charges, now) => right.open({ ...entry, supersede: "cancel" }, account, charges, now),
    }),
  ),
  mutant("knows no guard", "does not cancel what is under guard, until its time is over", (right) => ({
    open: ({ guardTime: _guardTime, ...entry }, account, charges, now) => right.open(entry, account, charges, now),
  })),
  mutant("guards a moment too long", "does not cancel what is under guard, until its time is over", (right) => ({
    open: (entry, account, charges, now) =>
      right.open({ ...entry, ...(entry.guardTime && { guardTime: entry.guardTime + 1 }) }, account, charges, now),
  })),
  mutant("guards for ever", "does not cancel what is under guard, until its time is over", (right) => {
    const guarded = new Set<string>();
    return {
      async open(entry, account, charges, now) {
        if (entry.guardTime !== undefined) guarded.add(entry.owner);
        const supersede = guarded.has(entry.owner) ? "keep" : entry.supersede;
        return right.open({ ...entry, supersede }, account, charges, now);
      },
    };
  }),
  mutant(
    "forgets an owner's oldest at the tenth",
    "forgets no live verification of an owner to make room for another",
    (right) => {
      const ids = new Map<string, string[]>();
      return {
        async open(entry, account, charges, now) {
          const mine = [...(ids.get(entry.owner) ?? []), entry.id];
          ids.set(entry.owner, mine);
          if (mine.length > 10) await right.cancel({ id: mine[mine.length - 11] ?? "" }, now);
          return right.open(entry, account, charges, now);
        },
      };
    },
  ),
  mutant(
    "forgets the ended of an owner at the tenth",
    "forgets no live verification of an owner to make room for another",
    (right) => ({
      async search(filter, page, now) {
        const { entries } = await right.search(filter, page, now);
        return { total: Math.min(10, entries.length), entries: entries.slice(0, 10) };
      },
    }),
  ),
  mutant(
    "cancels what had no attempt left long after its end",
    "tells a verification that ended from one that never was",
    (right) => ({
      cancel: async (which, now) => right.cancel(which, (await right.find(which, now))?.createdAt ?? now),
    }),
  ),

  /** What was sent, and what it came to. */
  mutant("adds every event", "adds what was sent to the events, and puts what it knows anew in its place", (right) => ({
    amend: (which, { event, ...change }, charges, now) =>
      right.amend(which, { ...change, event: event && { ...event, id: another(event.id) } }, charges, now),
  })),
  mutant("adds no event", "adds what was sent to the events, and puts what it knows anew in its place", (right) => ({
    amend: (which, { event: _event, ...change }, charges, now) => right.amend(which, change, charges, now),
  })),
  mutant("adds the event of a refused change", "changes nothing when a limit refuses", (right) => ({
    async amend(which, change, charges, now) {
      const row = await right.find(which, now);
      const amended = await right.amend(which, change, charges, now);
      if (amended.outcome === "limited" && row)
        await right.amend(which, { ...change, delivery: row.delivery }, [], now);
      return amended;
    },
  })),
  mutant(
    "notes for the living only",
    "notes what a message came to, whether its verification lives or not, and for its owner only",
    (right) => ({
      note: async (which, event, now) =>
        (await right.find(which, now))?.state === "pending" && right.note(which, event, now),
    }),
  ),
  mutant(
    "notes for anybody",
    "notes what a message came to, whether its verification lives or not, and for its owner only",
    (right) => ({
      note: (which, event, now) => right.note(anybodys(which), event, now),
    }),
  ),
  mutant(
    "takes a note for a change",
    "notes what a message came to, whether its verification lives or not, and for its owner only",
    (right) => ({
      async note(which, event, now) {
        const noted = await right.note(which, event, now);
        const row = await right.find(which, now);
        if (noted && row) await right.amend(which, row, [], now);
        return noted;
      },
    }),
  ),
  mutant(
    "reads, waits and then notes",
    "loses no note of many that come at once, and none to a change at the same time",
    (right) => {
      const events = new Map<string, readonly SendEvent[]>();
      return {
        async note(which, event, now) {
          const row = await right.find(which, now);
          const before = events.get(row?.id ?? "") ?? row?.events ?? [];
          await turn();
          events.set(
            row?.id ?? "",
            before.map((each) => (each.id === event.id ? { ...each, ...event } : each)),
          );
          return true;
        },
        async find(which, now) {
          const row = await right.find(which, now);
          return row && { ...row, events: events.get(row.id) ?? row.events };
        },
      };
    },
  ),

  /** Attempts that are shown, and those that are given back. */
  mutant(
    "forgets what was typed",
    "remembers every attempt that counted, in order, and what was typed where it is told",
    (right) => ({
      attempt: (which, { typed: _typed, ...guess }, now) => right.attempt(which, guess, now),
    }),
  ),
  mutant("gives no attempt back", "gives back the one attempt that could not be compared, once", () => ({
    forgive: () => undefined,
  })),
  mutant(
    "gives an attempt back every time",
    "gives back the one attempt that could not be compared, once",
    (right) => ({
      async forgive(which, guess, now) {
        const [last] = (await right.find(which, now))?.checks.slice(-1) ?? [];
        await right.forgive(which, { ...guess, nonce: last?.nonce ?? "" }, now);
      },
    }),
  ),
  mutant("gives all attempts back", "gives back the one attempt that could not be compared, once", (right) => ({
    async forgive(which, guess, now) {
      for (const { nonce } of (await right.find(which, now))?.checks ?? [])
        await right.forgive(which, { ...guess, nonce }, now);
    },
  })),
  mutant("reads, waits and then gives back", "gives one attempt back when many ask for the same at once", (right) => ({
    async forgive(which, guess, now) {
      const counted = (await right.find(which, now))?.checks.some(({ nonce }) => nonce === guess.nonce);
      await turn();
      const [first] = (await right.find(which, now))?.checks ?? [];
      if (counted && first) await right.forgive(which, { ...guess, nonce: first.nonce }, now);
    },
  })),
  mutant(
    "gives back to anybody",
    "gives no attempt back to somebody else, for another request, or of what was used up",
    (right) => ({
      forgive: (which, guess, now) => right.forgive(anybodys(which), guess, now),
    }),
  ),
  mutant(
    "gives back the attempt but not the failure",
    "gives back the one failure of an attempt that could not be compared, once",
    (right) => ({
      forgive: (which, guess, now) => right.forgive(which, { ...guess, account: another(guess.account) }, now),
    }),
  ),
  mutant(
    "gives back all failures",
    "gives back the one failure of an attempt that could not be compared, once",
    clearsFailures,
  ),
  mutant(
    "gives back the failures that led up to a lock",
    "opens the lock again that an attempt closed which could not be compared, and keeps the failures before it",
    clearsFailures,
  ),
  mutant(
    "leaves the lock closed",
    "opens the lock again that an attempt closed which could not be compared, and keeps the failures before it",
    (right) => ({
      forgive: (which, guess, now) => right.forgive(which, { ...guess, account: another(guess.account) }, now),
    }),
  ),
  mutant("forgets which lock a request closed", "repeats the answer that closed a lock for the same nonce", (right) => {
    const seen = new Set<string>();
    return {
      async attempt(which, guess, now) {
        const counted = await right.attempt(which, guess, now);
        const again = seen.has(guess.nonce);
        seen.add(guess.nonce);
        return again && counted.outcome === "counted" ? { ...counted, lockedUntil: 0 } : counted;
      },
    };
  }),
  mutant(
    "takes the repetition for the use",
    "uses a verification up again for the same nonce, with the same answer",
    (right) => ({
      async consume(which, proof, now) {
        const consumed = await right.consume(which, proof, now);
        return consumed.outcome === "consumed" ? { outcome: "consumed", at: now } : consumed;
      },
    }),
  ),

  /** Claims and uses. */
  mutant("says only whether it was first", "tells everybody who claims a key the one value that holds it", (right) => ({
    claim: async (key, value, ttl, now) => ((await right.claim(key, value, ttl, now)) === value ? value : ""),
  })),
  mutant(
    "keeps claims elsewhere",
    "keeps what was claimed where values are kept: it is read, put anew and taken as they are",
    (right) => ({
      claim: (key, value, ttl, now) => right.claim(`claim:${key}`, value, ttl, now),
    }),
  ),
  mutant(
    "marks what it only looks at",
    "says whether a use is near enough without marking it, where it is told only to look",
    (right) => ({
      touch: ({ peek: _peek, ...use }, now) => right.touch(use, now),
    }),
  ),
  mutant(
    "takes every look for near enough",
    "says whether a use is near enough without marking it, where it is told only to look",
    (right) => ({
      touch: (use, now) => use.peek === true || right.touch(use, now),
    }),
  ),
  mutant("never gets its room back", "gives the room of dead values to new ones", (right) => {
    let chars = 0;
    return {
      async put(key, value, ttl, now) {
        chars += value.length;
        return chars < 2 ** 24 && right.put(key, value, ttl, now);
      },
    };
  }),

  /** Records. */
  ...(["tenant", "service", "subject", "to", "since", "until"] as const).map((name) =>
    mutant(
      `does not look at ${name}`,
      "finds records by everything they can be filtered by, alone and together",
      (right) => ({
        search: ({ [name]: _ignored, ...filter }, page, now) => right.search(filter, page, now),
      }),
    ),
  ),
  mutant(
    "finds records by any one of its filters",
    "finds records by everything they can be filtered by, alone and together",
    (right) => ({
      async search(filter, page, now) {
        for (const [name, value] of Object.entries(filter)) {
          const found = await right.search({ [name]: value }, page, now);
          if (found.total > 0) return found;
        }
        return right.search(filter, page, now);
      },
    }),
  ),
  mutant(
    "includes the end of a stretch",
    "finds records by everything they can be filtered by, alone and together",
    (right) => ({
      search: (filter, page, now) =>
        right.search(filter.until === undefined ? filter : { ...filter, until: filter.until + 1 }, page, now),
    }),
  ),
  mutant(
    "knows what was, not what time has made of it",
    "finds records by what they came to, as time and attempts have it",
    (right) => {
      let start: number | undefined;
      return { search: (filter, page, now) => right.search(filter, page, (start ??= now)) };
    },
  ),
  mutant(
    "does not look at the status",
    "finds records by what they came to, as time and attempts have it",
    (right) => ({
      search: ({ status: _status, ...filter }, page, now) => right.search(filter, page, now),
    }),
  ),
  mutant(
    "leaves the order within an instant to chance",
    "finds the newest first, a page at a time, without a gap or a repetition",
    (right) => ({
      async search(filter, page, now) {
        const chance = new Map<string, number>();
        const lot = ({ id }: Pending): number => chance.get(id) ?? chance.set(id, Math.random()).get(id) ?? 0;
        return sorted(right, filter, page, now, (a, b) => b.createdAt - a.createdAt || lot(a) - lot(b));
      },
    }),
  ),
  mutant(
    "starts a page with the last of the one before",
    "finds the newest first, a page at a time, without a gap or a repetition",
    (right) => ({
      search: (filter, page, now) => right.search(filter, { ...page, offset: Math.max(0, page.offset - 1) }, now),
    }),
  ),
  mutant(
    "shows the oldest first",
    "finds the newest first, a page at a time, without a gap or a repetition",
    (right) => ({
      search: (filter, page, now) =>
        sorted(right, filter, page, now, (a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    }),
  ),
  mutant(
    "counts the page, not all",
    "finds the newest first, a page at a time, without a gap or a repetition",
    (right) => ({
      async search(filter, page, now) {
        const { entries } = await right.search(filter, page, now);
        return { total: entries.length, entries };
      },
    }),
  ),
  mutant(
    "orders by the last change",
    "moves nothing that was not yet seen when others come in or change between two pages",
    (right) => ({
      search: (filter, page, now) =>
        sorted(right, filter, page, now, (a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? -1 : 1)),
    }),
  ),
  mutant(
    "puts what is ended last",
    "moves nothing that was not yet seen when others come in or change between two pages",
    (right) => ({
      search: (filter, page, now) =>
        sorted(right, filter, page, now, (a, b) => Number(a.state !== "pending") - Number(b.state !== "pending")),
    }),
  ),
  ...(["channel", "country"] as const).map((name) =>
    mutant(
      `adds up whatever the ${name}`,
      "counts verifications by day, country and what they came to, and messages by channel as well",
      (right) => ({
        usage: async (filter, now) =>
          added((await right.usage(filter, now)).map(({ [name]: _ignored, ...row }) => row)),
      }),
    ),
  ),
  mutant(
    "counts messages by what their verification came to",
    "counts verifications by day, country and what they came to, and messages by channel as well",
    (right) => ({
      async usage(filter, now) {
        const rows = await right.usage(filter, now);
        const [whole] = rows.filter(({ channel }) => channel === undefined);
        return added(rows.map((row) => ({ ...row, status: whole?.status ?? "" })));
      },
    }),
  ),
  mutant(
    "counts everybody's",
    "counts verifications by day, country and what they came to, and messages by channel as well",
    (right) => ({
      usage: (_filter, now) => right.usage({}, now),
    }),
  ),
  mutant(
    "counts a message on the day its verification began",
    "takes the day of a verification from when it began, and that of a message from when it was sent",
    (right) => ({
      async usage(filter, now) {
        const rows = await right.usage(filter, now);
        return added(rows.map((row) => ({ ...row, day: rows[0]?.day ?? "" })));
      },
    }),
  ),
  {
    name: "forgets what has ended after ten minutes",
    caughtBy: "remembers a verification after its end, as it was",
    make: () => memoryStore({ retention: "10m" }),
  },
  mutant(
    "erases nothing",
    "erases every verification about a user, live or ended, of every tenant, and of nobody else",
    () => ({
      erase: () => undefined,
    }),
  ),
  mutant(
    "ends what it should forget",
    "erases every verification about a user, live or ended, of every tenant, and of nobody else",
    (right) => ({
      async erase(subject, now) {
        const { entries } = await right.search({ subject }, EVERYTHING, now);
        for (const { id } of entries) await right.cancel({ id }, now);
      },
    }),
  ),
  mutant(
    "erases whoever has a name that looks alike",
    "erases every verification about a user, live or ended, of every tenant, and of nobody else",
    (right) => ({
      async erase(subject, now) {
        const { entries } = await right.search({}, EVERYTHING, now);
        for (const each of entries) {
          if (each.subject?.trim().toLowerCase() === subject) await right.erase(each.subject, now);
        }
      },
    }),
  ),
  mutant(
    "erases records, and no lock",
    "erases a user's failures and lock, and leaves what others depend on",
    (right) => ({
      open: (entry, account, charges, now) => right.open(entry, `account ${account}`, charges, now),
      attempt: (which, guess, now) => right.attempt(which, { ...guess, account: `account ${guess.account}` }, now),
    }),
  ),
  mutant(
    "takes a revocation back with what it erases",
    "erases a user's failures and lock, and leaves what others depend on",
    (right) => {
      const erased = new Set<string>();
      return {
        erase: (subject, now) => right.erase((erased.add(subject), subject), now),
        revokedAt: (subject) => (erased.has(subject) ? 0 : right.revokedAt(subject)),
      };
    },
  ),
  mutant(
    "writes back what it had read before it was erased",
    "lets nothing live on of what is erased while it is being answered",
    (right) => {
      const written = new Map<string, Pending>();
      return {
        async consume(which, proof, now) {
          const row = await right.find(which, now);
          await turn();
          if (row) written.set(row.id, row);
          return right.consume(which, proof, now);
        },
        find: (which, now) => written.get(which.id ?? "") ?? right.find(which, now),
      };
    },
  ),

  /** Documents. */
  mutant(
    "puts a second document over the first",
    "keeps one document of each name in a list, oldest first",
    (right) => ({
      addDocument: async (list, name, document) =>
        (await right.replaceDocument(list, name, document)) || right.addDocument(list, name, document),
    }),
  ),
  mutant("keeps one list", "keeps one document of each name in a list, oldest first", (right) => ({
    documents: () => right.documents("list"),
  })),
  mutant("shows the newest document first", "keeps one document of each name in a list, oldest first", (right) => ({
    documents: async (list) => (await right.documents(list)).toReversed(),
  })),
  mutant(
    "reads, waits and then adds",
    "keeps one of many documents that are added by the same name at once, and all of different names",
    (right) => {
      const names = new Set<string>();
      return {
        async addDocument(list, name, document) {
          const known = names.has(`${list}/${name}`);
          await turn();
          names.add(`${list}/${name}`);
          return !known && right.addDocument(list, another(name), document);
        },
      };
    },
  ),
  mutant(
    "adds what it cannot replace",
    "puts a document in the place of another, and only where there is one",
    (right) => ({
      replaceDocument: async (list, name, document) =>
        (await right.replaceDocument(list, name, document)) || right.addDocument(list, name, document),
    }),
  ),
  mutant(
    "puts what it replaces last",
    "puts a document in the place of another, and only where there is one",
    (right) => ({
      replaceDocument: async (list, name, document) =>
        (await right.removeDocument(list, name)) && right.addDocument(list, name, document),
    }),
  ),
  mutant("removes a document for everybody who asks", "removes a document, once, and from its own list", (right) => ({
    async removeDocument(list, name) {
      const { length } = await right.documents(list);
      await right.removeDocument(list, name);
      return length > 0;
    },
  })),
  mutant(
    "takes names for the same that look alike",
    "keeps lists, names and documents apart, whatever characters they hold",
    (right) => ({
      addDocument: (list, name, document) => right.addDocument(list, name.normalize(), document),
    }),
  ),
  mutant(
    "takes lists for the same that look alike",
    "keeps lists, names and documents apart, whatever characters they hold",
    (right) => ({
      addDocument: (list, name, document) => right.addDocument(list.toLowerCase(), `${list}:${name}`, document),
      documents: (list) => right.documents(list.toLowerCase()),
    }),
  ),
];

const EVERYTHING: RecordPage = { offset: 0, limit: never };

/** The records in another order. */
async function sorted(
  right: Store,
  filter: RecordFilter,
  { offset, limit }: RecordPage,
  now: number,
  order: (a: Pending, b: Pending) => number,
) {
  const { total, entries } = await right.search(filter, EVERYTHING, now);
  return { total, entries: entries.toSorted(order).slice(offset, offset + limit) };
}

/** Rows that have become alike, as one. */
function added(rows: readonly UsageRow[]): UsageRow[] {
  const sums = new Map<string, UsageRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.day, row.channel, row.country, row.status]);
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

/** Clears the whole account with the one attempt that it gives back. */
function clearsFailures(right: Store): Partial<Store> {
  return {
    async forgive(which: Which, guess: Counting, now: number): Promise<void> {
      await right.forgive(which, guess, now);
      await right.erase(guess.account, now);
    },
  };
}

function anybodys({ id, owner }: Which): Which {
  return id === undefined ? { owner } : { id };
}

/** What most limiters do: a counter for each stretch of time. */
function fixedWindows(): Partial<Store> {
  const counts = new Map<string, number>();
  return {
    charge(charges: readonly Charge[], now: number): Charged {
      const windows = charges.map((each) => ({ each, name: `${each.key}:${Math.floor(now / each.interval)}` }));
      const full = windows.find(({ each, name }) => (counts.get(name) ?? 0) >= each.max);
      if (full) {
        const { name, max, interval } = full.each;
        return {
          outcome: "limited",
          refusal: { name, max, interval, retryAt: (Math.floor(now / interval) + 1) * interval },
        };
      }
      for (const { name } of windows) counts.set(name, (counts.get(name) ?? 0) + 1);
      return { outcome: "charged" };
    },
  };
}
