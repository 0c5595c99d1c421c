import { randomId } from "../../core/crypto.js";
import { misconfigured, type TwoFactorError, unavailable } from "../../core/errors.js";
import type { Caller, Reply } from "./caller.js";
import { nameOf, numberArg } from "./names.js";
import { Revocations } from "./revocations.js";
import { PULSE, REVOKE } from "./scripts/pulse.js";

/** How often a process asks what was revoked elsewhere, in milliseconds. */
const INTERVAL = 400;
/** How old an answer may be for a process to know who is revoked. */
const FRESH = 1_000;
/** How often the server's settings are looked at while they are right; while they are wrong, at every beat. */
const CHECK_INTERVAL = 30_000;
const BATCH = 1_000;
const ROWS_BURIED = 50;

/** What a process learns of Redis by asking every now and then: revocations, settings, and whether data was lost. */
export class Pulse {
  readonly #caller: Caller;
  readonly #revocations = new Revocations();
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> | undefined;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #lastCheck = Number.NEGATIVE_INFINITY;
  #problem: TwoFactorError | undefined;
  #warned = false;
  #seen = "0";
  #epoch = "";
  /** Told once for each time that Redis was found to have lost what it knew. */
  onEmptied: () => void = ignore;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#timer = setInterval(() => void this.beat().catch(ignore), INTERVAL);
    this.#timer.unref();
  }

  /** Names what Redis has held since it was last empty; nothing before the first beat. */
  get epoch(): string {
    return this.#epoch;
  }

  get isFresh(): boolean {
    return this.#caller.elapsed() - this.#lastBeat <= FRESH;
  }

  /** Waits for the first beat where there was none. @throws TwoFactorError `misconfigured` for a server that is set up wrongly. */
  async ready(): Promise<void> {
    if (this.#epoch === "") await this.beat();
    if (this.#problem) throw this.#problem;
  }

  /** Asks now; who asks while another does waits for that answer. */
  async beat(): Promise<void> {
    this.#beating ??= this.#ask().finally(() => (this.#beating = undefined));
    return this.#beating;
  }

  revokedAt(subject: string): number {
    if (this.#problem) throw this.#problem;
    if (!this.isFresh) throw unavailable("What was revoked elsewhere is not known.");
    return this.#revocations.at(subject);
  }

  async revoke(subject: string, ttl: number): Promise<void> {
    const args = [nameOf(subject), JSON.stringify(subject), numberArg(ttl)];
    const reply = await this.#caller.run(
      REVOKE,
      [
        ["r", "list"],
        ["r", "ends"],
        ["r", "info"],
      ],
      args,
    );
    this.#revocations.add(subject, Number(reply[0]), Number(reply[1]));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    for (;;) {
      const asked = this.#caller.elapsed();
      const isDue = this.#problem !== undefined || asked - this.#lastCheck > CHECK_INTERVAL;
      const args = [this.#seen, this.#epoch, randomId(), String(BATCH), String(ROWS_BURIED), isDue ? "1" : "0"];
      let reply: Reply;
      try {
        reply = await this.#caller.run(
          PULSE,
          [
            ["e", "epoch"],
            ["r", "list"],
            ["r", "ends"],
            ["r", "info"],
          ],
          args,
        );
      } catch (error) {
        // Whoever answers next may be another server.
        this.#lastCheck = Number.NEGATIVE_INFINITY;
        if (!isTooOld(error)) throw error;
        throw (this.#problem = misconfigured("redisStore() needs Redis 7.0 or newer, or Valkey."));
      }
      if (isDue) this.#check(String(reply[5]), asked);
      if (this.#take(reply, asked) < BATCH) {
        this.#lastBeat = asked;
        return;
      }
    }
  }

  /** Answers with how many revocations came. */
  #take(reply: Reply, asked: number): number {
    const [real, now, epoch, lost, seen, , facts] = reply;
    this.#caller.learn(Number(real), asked);
    this.#epoch = String(epoch);
    this.#seen = String(seen);
    if (lost === "1") {
      warnEmptied();
      this.onEmptied();
    }
    for (const fact of (facts ?? []) as readonly string[]) {
      const [, at, dead, subject] = /^(\d[^:]*):(\d[^:]*):(.*)$/s.exec(fact) ?? [];
      if (subject !== undefined) this.#revocations.add(String(JSON.parse(subject)), Number(at), Number(dead));
    }
    this.#revocations.sweep(Number(now));
    return facts?.length ?? 0;
  }

  #check(policy: string, at: number): void {
    this.#lastCheck = at;
    this.#problem = policy === "noeviction" || policy === "unknown" ? undefined : misconfigured(evicts(policy));
    if (policy === "unknown" && !this.#warned) {
      this.#warned = true;
      process.emitWarning(
        "redisStore() may not read INFO and cannot tell whether Redis evicts keys: make sure that maxmemory-policy is noeviction.",
        { code: "REQUIRE2FA_REDIS_POLICY" },
      );
    }
  }
}

function evicts(policy: string): string {
  return `Redis has maxmemory-policy ${policy}: when memory is short it would drop locks and used codes. Set "maxmemory-policy noeviction" in redis.conf (or CONFIG SET maxmemory-policy noeviction), or give redisStore() a Redis of its own.`;
}

function warnEmptied(): void {
  process.emitWarning(
    "Redis has lost what require2fa kept there, locks included. Accounts are locked after 3 failures for a day.",
    { code: "REQUIRE2FA_REDIS_EMPTIED" },
  );
}

/** Before version 7 a script could not begin with `#!`. */
function isTooOld(error: unknown): boolean {
  return error instanceof Error && /compiling script.*near '#'/.test(error.message);
}

function ignore(): void {}
