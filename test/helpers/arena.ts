import type { TwoFactorOptions } from "../../src/index.js";
import { type Fixture, fixture } from "./app.js";
import { Site, Visitor } from "./burst.js";
import { times } from "./effort.js";

/**
 * How often a race is run: one round that goes well proves nothing. The second run, on Express 4, only has to show that
 * nothing there is different.
 */
export const ROUNDS = Number(process.env["RACE_ROUNDS"] ?? 100);
/** For the same race in another dress: `Promise.all` beside the sockets that are released together. */
export const FEWER_ROUNDS = Math.ceil(ROUNDS / times(2, 4));

/** A broken store must be caught within so many rounds; one of the same make that is not broken passes a few. */
export const PATIENCE = 20;
export const CONTROL = 5;

/** Limits on messages that stay out of the way of a test about something else. */
export const PLENTY = {
  sends: {
    perUser: [{ max: 1_000_000, interval: "10m" }],
    perDestination: [{ max: 1_000_000, interval: "10m" }],
    perPrefix: false,
  },
  spend: { sms: false, voice: false },
} as const satisfies TwoFactorOptions["limits"];

/** The fixture behind a real server, with as many users as a test wants. */
export interface Arena {
  readonly shop: Fixture;
  readonly site: Site;
  /** A user nobody has heard of, with a phone. */
  newUser(): string;
  /** That user, logged in and with the challenge of `/vault` open; `right` is the code that was sent. */
  challenged(user?: string): Promise<{ visitor: Visitor; right: string; challenge: string }>;
}

export async function arena(options: Partial<TwoFactorOptions> = {}): Promise<Arena> {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  const site = await Site.open(shop.app);
  let users = 0;
  const newUser = (): string => {
    users += 1;
    const user = `user-${users}`;
    shop.contacts[user] = { phone: "+46707123456" };
    return user;
  };
  return {
    shop,
    site,
    newUser,
    async challenged(user = newUser()) {
      const visitor = await Visitor.login(site, user);
      const { body } = await visitor.get("/vault");
      const { id } = body["challenge"] as { id: string };
      return { visitor, right: shop.code(), challenge: id };
    },
  };
}

/** So many codes of the same shape, none of them right and no two the same. */
export function wrongCodes(right: string, count: number): string[] {
  const size = 10 ** right.length;
  return Array.from({ length: count }, (_, index) =>
    String((Number(right) + 1 + index) % size).padStart(right.length, "0"),
  );
}

/** One round of a race: what went wrong in it, in words; nothing when all is well. */
export type Round = (arena: Arena) => Promise<string[]>;

/** Runs a race until something goes wrong, at most `rounds` times. */
export async function race(round: Round, at: Arena, rounds = ROUNDS): Promise<string[]> {
  for (let index = 1; index <= rounds; index += 1) {
    const faults = await round(at);
    if (faults.length > 0) return faults.map((fault) => `round ${index}: ${fault}`);
  }
  return [];
}

/** `["5 compares instead of 4"]`, or nothing. */
export function differs(what: string, found: unknown, wanted: unknown): string[] {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}

/** Shuffled, by Fisher and Yates. */
export function shuffled<T>(list: readonly T[]): T[] {
  const result = [...list];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}
