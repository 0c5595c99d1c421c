import { setImmediate as turn } from "node:timers/promises";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import type { Pending, Which } from "../../src/stores/pending.js";
import type { Charge, Charged, Store } from "../../src/stores/store.js";

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
  mutant("reads, waits and then claims", "is first for one of many that come at once", () => {
    const claims = new Map<string, string>();
    return {
      async claim(key, value) {
        const first = claims.get(key);
        await turn();
        if (first === undefined) claims.set(key, value);
        return first ?? value;
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
        const { lock } = { lock: { after: never, first: 1, longest: 1 } };
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
          return { outcome: "counted", entry, attemptsLeft: 0, lockedUntil: 0 };
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
  mutant("gives a key to the last", "is first for one nonce only, and again for that one", (right) => ({
    async claim(key, value, ttl, now) {
      await right.put(key, value, ttl, now);
      return value;
    },
  })),
  mutant(
    "lives longer with every claim",
    "remembers who was first for as long as it was told, and no later call makes it longer",
    (right) => ({
      async claim(key, value, ttl, now) {
        const first = await right.claim(key, value, ttl, now);
        await right.put(key, first, ttl, now);
        return first;
      },
    }),
  ),
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
  mutant(
    "marks what it should only say",
    "says whether a use is near enough without marking it, where it is told only to look",
    (right) => ({
      touch: (use, now) => right.touch({ ...use, peek: false }, now),
    }),
  ),
  mutant("forgives again and again", "gives back the one attempt that could not be compared, once", (right) => ({
    async forgive(which, guess, now) {
      const entry = await right.find(which, now);
      for (const { nonce } of entry?.checks ?? []) await right.forgive(which, { ...guess, nonce }, now);
      await right.forgive(which, guess, now);
    },
  })),
  mutant("forgives nothing", "gives back the one attempt that could not be compared, once", () => ({
    forgive: () => undefined,
  })),
  mutant(
    "forgives no failure",
    "gives back the one failure of an attempt that could not be compared, once",
    (right) => ({
      forgive: (which, guess, now) => right.forgive(which, { ...guess, account: another(guess.account) }, now),
    }),
  ),
  mutant("cancels what is under guard", "does not cancel what is under guard, until its time is over", (right) => ({
    open: ({ guardTime: _guardTime, ...entry }, account, charges, now) => right.open(entry, account, charges, now),
  })),
  mutant(
    "cancels nobody",
    "cancels all of an owner's with a new one that supersedes them, and nobody else's",
    (right) => ({
      open: (entry, account, charges, now) => right.open({ ...entry, supersede: "keep" }, account, charges, now),
    }),
  ),
  mutant("knows no tenants", "finds a verification for its tenant only, by its owner as well", (right) => ({
    find: ({ tenant: _tenant, ...which }, now) => right.find(which, now),
  })),
  mutant(
    "notes for the living only",
    "notes what a message came to, whether its verification lives or not, and for its owner only",
    (right) => ({
      note: async (which, event, now) =>
        (await right.find(which, now))?.state === "pending" && right.note(which, event, now),
    }),
  ),
  mutant("adds every event", "adds what was sent to the events, and puts what it knows anew in its place", (right) => ({
    amend: (which, change, charges, now) =>
      right.amend(
        which,
        { ...change, event: change.event && { ...change.event, id: another(change.event.id) } },
        charges,
        now,
      ),
  })),
  mutant(
    "finds the oldest first",
    "finds the newest first, a page at a time, without a gap or a repetition",
    (right) => ({
      async search(filter, page, now) {
        const { total, entries } = await right.search(filter, { offset: 0, limit: never }, now);
        return { total, entries: entries.toReversed().slice(page.offset, page.offset + page.limit) };
      },
    }),
  ),
  mutant(
    "filters the page and not the records",
    "finds records by everything they can be filtered by, alone and together",
    (right) => ({
      search: ({ since: _since, ...filter }, page, now) => right.search(filter, page, now),
    }),
  ),
  mutant(
    "forgets verifications but not locks",
    "erases a user's failures and lock, and leaves what others depend on",
    (right) => ({
      async erase(subject, now) {
        for (const { id } of (await right.search({ subject }, { offset: 0, limit: never }, now)).entries)
          await right.cancel({ id }, now);
      },
    }),
  ),
  mutant(
    "adds a document twice",
    "keeps one of many documents that are added by the same name at once, and all of different names",
    (right) => ({
      async addDocument(list, name, document) {
        const known = (await right.documents(list)).length > 0;
        await turn();
        if (!(await right.addDocument(list, name, document))) await right.replaceDocument(list, name, document);
        return !known;
      },
    }),
  ),
  mutant("changes before it looks at the limits", "changes nothing when a limit refuses", (right) => ({
    async amend(which, change, charges, now) {
      const amended = await right.amend(which, change, [], now);
      const charged = await right.charge(charges, now);
      return charged.outcome === "limited" ? charged : amended;
    },
  })),
  mutant(
    "keeps the first revocation",
    "moves a revocation forward with the next one, and keeps it as long as it was told",
    (right) => ({
      revoke: (subject, ttl, now) => (right.revokedAt(subject) === 0 ? right.revoke(subject, ttl, now) : undefined),
    }),
  ),
  mutant("removes nothing", "removes a document, once, and from its own list", (right) => ({
    removeDocument: async (list, name) => {
      const document = (await right.documents(list))[0] ?? "";
      const removed = await right.removeDocument(list, name);
      if (removed) await right.addDocument(list, name, document);
      return removed;
    },
  })),
  mutant(
    "spends a step that was used before",
    "leaves a verification open for the next step when this one was used before",
    (right) => ({
      async consume(which, proof, now) {
        const consumed = await right.consume(which, proof, now);
        if (consumed.outcome === "replayed") await right.cancel(which, now);
        return consumed;
      },
    }),
  ),
  mutant("wants more than the last attempt", "lets the last attempt be the right one", (right) => ({
    async consume(which, proof, now) {
      const entry = await right.find(which, now);
      return entry && entry.attempts >= entry.maxAttempts ? { outcome: "spent" } : right.consume(which, proof, now);
    },
  })),
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
];

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
