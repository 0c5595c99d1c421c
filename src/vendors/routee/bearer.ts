import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.js";
import type { Verifications } from "../../verification/verifications.js";
import type { Application } from "./options.js";
import type { RouteeToken } from "./wire.js";

export interface Bearer {
  readonly application: Application;
  /** Whether it was asked for with the scope that 2Step wants. */
  readonly scoped: boolean;
}

interface Issued extends Bearer {
  readonly token: string;
}

/**
 * Tokens that need no table: each is made from the instance's secret, the application's and the stretch of time it is good
 * for. So every process knows every other's, an unexpired one is issued again with fewer seconds left, as Routee does, and
 * a changed secret voids it.
 */
export class Bearers {
  readonly #verifications: Verifications;
  readonly #applications: readonly Application[];
  readonly #lifetime: number;
  readonly #clock: Clock;
  #stretch = Number.NaN;
  #issued: ReadonlyMap<string, Issued> = new Map();

  constructor(verifications: Verifications, applications: Iterable<Application>, lifetime: number, clock: Clock) {
    this.#verifications = verifications;
    this.#applications = [...applications];
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  issue(application: Application, scoped: boolean): RouteeToken {
    const now = this.#clock();
    const stretch = Math.floor(now / this.#lifetime);
    const left = (stretch + 1) * this.#lifetime - now;
    return { token: this.#make(application, scoped, stretch), expiresIn: Math.max(1, Math.ceil(left / 1_000)) };
  }

  /** Looked up by its hash: how long that takes says nothing about any token. */
  find(token: string): Bearer | undefined {
    const stretch = Math.floor(this.#clock() / this.#lifetime);
    if (stretch !== this.#stretch) {
      const all = this.#applications.flatMap((application) =>
        [true, false].map((scoped) => ({ application, scoped, token: this.#make(application, scoped, stretch) })),
      );
      this.#issued = new Map(all.map((each) => [digest(each.token), each]));
      this.#stretch = stretch;
    }
    return this.#issued.get(digest(token));
  }

  #make({ id, secret }: Application, scoped: boolean, stretch: number): string {
    const parts = ["routee", id, digest(secret), scoped ? "2step" : "", String(this.#lifetime), String(stretch)];
    return uuidOf(this.#verifications.derive(parts));
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** The first 16 bytes as a UUID of version 4 (RFC 9562): what tokens of the live service look like. */
function uuidOf(bytes: Buffer): string {
  const id = Buffer.from(bytes.subarray(0, 16));
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
