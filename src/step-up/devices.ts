import { fingerprint, randomId } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";
import { misconfigured } from "../core/errors.js";
import type { ChallengeParts } from "./challenge-parts.js";
import { type Device, DeviceBook } from "./device-book.js";
import { type DeviceToken, readToken, writeToken } from "./device-token.js";
import type { Mark } from "./mark.js";
import { ask } from "./ask.js";
import { namesOf, personOf, usableMethods } from "./people.js";

/** Requests that were under way with the same token count as one use. */
const GRACE = 60_000;
/** Longer than any step of a store can be late, so that a record which was written late cannot make a token new. */
const CLAIM = 5 * GRACE;
const MOST_DEVICES = 10;

export interface DeviceOptions {
  /** Milliseconds. */
  readonly maxAge: number;
  readonly fingerprint: ((userId: string) => Awaitable<string>) | undefined;
}

/** A device and what its browser is to carry from now on. */
export interface Trusted {
  readonly device: Device;
  readonly token: string;
}

/** What a token is presented for. */
export interface Use {
  /** Of the browser that presents it. */
  readonly name: string;
  readonly peek: boolean;
  readonly fits: (device: Device) => boolean;
}

export type DeviceParts = Pick<
  ChallengeParts,
  "store" | "keys" | "clock" | "events" | "methods" | "contactOf" | "factors"
> & {
  readonly revokedAt: (subject: string) => number;
};

/** Browsers that stand in for a second factor where a route allows it. */
export class Devices {
  readonly #parts: DeviceParts;
  readonly #options: DeviceOptions;
  readonly #book: DeviceBook;

  constructor(parts: DeviceParts, options: DeviceOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#book = new DeviceBook(parts.store, parts.keys);
  }

  /** Those that still count, oldest first. */
  async list(user: string): Promise<readonly Device[]> {
    const devices = await this.#book.of(user);
    const state = devices.length > 0 ? await this.#stateOf(user) : undefined;
    return devices.filter((device) => this.#counts(user, device, state));
  }

  /** Trusts a browser for what was just proved in it, in the place of what it was trusted for before. */
  async trust({ user, methods, at }: Mark, name: string, before?: string): Promise<Trusted | undefined> {
    const { store, keys, clock, events, revokedAt } = this.#parts;
    const state = await this.#stateOf(user);
    if (state === undefined) return undefined;
    const now = clock();
    const old = before === undefined ? undefined : readToken(keys, user, before);
    if (old) await this.#book.remove(user, old.id);
    const others = (await this.#book.of(user)).toSorted((a, b) => b.lastUsedAt - a.lastUsedAt);
    for (const { id } of others.slice(MOST_DEVICES - 1)) await this.#book.remove(user, id);
    const expiresAt = now + this.#options.maxAge;
    const device = { id: randomId(), name, createdAt: at, lastUsedAt: now, expiresAt, generation: 1, methods, state };
    await this.#book.add(user, device);
    // Whoever revoked while the code was still being checked meant this one as well.
    await store.catchUp?.();
    if (at <= revokedAt(user)) {
      await this.#book.remove(user, device.id);
      return undefined;
    }
    events.emit("device.trusted", { user, device: device.id });
    return { device, token: writeToken(keys, user, device) };
  }

  /**
   * The device that a token stands for, and the token after it. With `peek`, and where it does not fit, nothing is used. A
   * token that comes back when its time is over has been copied: then nobody knows who the owner is, and the device is
   * trusted no more.
   */
  async use(user: string, token: string, { name, peek, fits }: Use): Promise<Trusted | undefined> {
    const { keys } = this.#parts;
    const shown = readToken(keys, user, token);
    const device = shown && (await this.#book.of(user)).find(({ id }) => id === shown.id);
    if (!shown || !device || device.name !== name) return undefined;
    if (!this.#counts(user, device, await this.#stateOf(user))) {
      if (!peek) await this.#end(user, device, "device.removed");
      return undefined;
    }
    if (!fits(device)) return undefined;
    if (peek) return (await this.#peek(device, shown)) ? { device, token } : undefined;
    if (!(await this.#inTime(device, shown))) {
      await this.#end(user, device, "device.reused");
      return undefined;
    }
    const next = Math.max(shown.generation + 1, device.generation);
    if (next > device.generation && !(await this.#advance(user, device, next))) return undefined;
    return { device, token: writeToken(keys, user, { id: device.id, generation: next }) };
  }

  /** False where there is none of that id. */
  async remove(user: string, id: string): Promise<boolean> {
    if (!(await this.#book.remove(user, id))) return false;
    this.#parts.events.emit("device.removed", { user, device: id });
    return true;
  }

  /** Every one of the user, and how many there were. */
  async removeAll(user: string): Promise<number> {
    for (const { id } of await this.#book.of(user)) await this.remove(user, id);
    return this.#book.clear(user);
  }

  /** Whoever is the first to use a token says when; all others are held against that. */
  async #inTime(device: Device, shown: DeviceToken): Promise<boolean> {
    const { store, clock } = this.#parts;
    const now = clock();
    const key = useOf(shown);
    const first =
      shown.generation < device.generation
        ? await store.get(key, now)
        : await store.claim(key, String(now), CLAIM, now);
    return first !== undefined && now - Number(first) <= GRACE;
  }

  async #peek(device: Device, shown: DeviceToken): Promise<boolean> {
    const { store, clock } = this.#parts;
    const first = await store.get(useOf(shown), clock());
    return first === undefined ? shown.generation >= device.generation : clock() - Number(first) <= GRACE;
  }

  /** False where it was removed meanwhile. */
  async #advance(user: string, device: Device, generation: number): Promise<boolean> {
    const { clock, events } = this.#parts;
    if (!(await this.#book.replace(user, { ...device, generation, lastUsedAt: clock() }))) return false;
    events.emit("device.used", { user, device: device.id });
    return true;
  }

  async #end(user: string, { id }: Device, event: "device.removed" | "device.reused"): Promise<void> {
    if (await this.#book.remove(user, id)) this.#parts.events.emit(event, { user, device: id });
  }

  #counts(user: string, device: Device, state: string | undefined): boolean {
    const { clock, revokedAt } = this.#parts;
    return clock() < device.expiresAt && device.createdAt > revokedAt(user) && device.state === state;
  }

  /** Changes with every factor and, where the app says, with the password; nothing for a closed account. */
  async #stateOf(user: string): Promise<string | undefined> {
    const { methods, contactOf, factors } = this.#parts;
    const person = await personOf({ contactOf, factors }, user);
    if (!person) return undefined;
    const usable = await usableMethods(methods, person, undefined);
    const names = namesOf(usable).filter((name) => name !== "recovery-code");
    const { phone, email } = person.contact;
    const enrolled = person.factors.filter(({ method }) => method !== "recovery-code").map(({ id }) => id);
    // Using one up is no change, making new ones is.
    const codes = person.factors.filter(({ method }) => method === "recovery-code");
    const made = Math.max(0, ...codes.map(({ createdAt }) => createdAt));
    return fingerprint([
      "device",
      user,
      phone ?? "",
      email ?? "",
      names.sort(),
      enrolled.sort(),
      made,
      await this.#own(user),
    ]);
  }

  async #own(user: string): Promise<string> {
    const { fingerprint: own } = this.#options;
    if (!own) return "";
    const said: unknown = await ask("The fingerprint callback", () => own(user));
    if (typeof said === "string" && said !== "") return said;
    throw misconfigured(
      "twoFactor({ trustedDevices: { fingerprint } }) must return a string that changes with the password.",
    );
  }
}

function useOf({ id, generation }: DeviceToken): string {
  return `device:${fingerprint([id, generation])}`;
}
