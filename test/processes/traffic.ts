import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "../helpers/burst.js";
import type { Cluster } from "./cluster.js";
import { Person } from "./person.js";
import { wrongCodes } from "./rounds.js";

/** How long a person goes on trying once nothing is broken any more, in milliseconds. */
const PERSISTENCE = 15_000;
/** After so long without a message a person cancels, and starts again. */
const NO_MESSAGE = 700;
/** Compares for one challenge. */
const ALLOWED = 5;

/** What must not happen, counted; and what is only told. */
export interface Verdict {
  persons: number;
  requests: number;
  compares: number;
  doubleGrants: number;
  lostGrants: number;
  duplicateSends: number;
  failOpens: number;
  /** A right code that was called wrong. */
  calledWrong: number;
  /** Milliseconds; of the package's own answers. */
  longest: number;
  /** How long the machine kept a process from its work, in milliseconds: no answer is faster than that. */
  held: number;
  /** What was asked for by the request that took longest, and its answer. */
  slowest: string;
  /** A code that was used up while nobody was told so: the person started again. */
  burnt: number;
  faults: string[];
}

/**
 * People who log in, mistype at times, verify and walk through the door, at all processes of a cluster, whatever befalls
 * them; and others who have no code and try the door. Everybody who has a right code goes on until it was taken.
 */
export class Traffic {
  readonly #cluster: Cluster;
  readonly #all = new Set<string>();
  /** Who has typed a right code: nobody else may be let through. */
  readonly #entitled = new Set<string>();
  readonly #found = {
    persons: 0,
    requests: 0,
    lostGrants: 0,
    failOpens: 0,
    calledWrong: 0,
    longest: 0,
    slowest: "",
    burnt: 0,
  };
  readonly #faults: string[] = [];
  #running: Promise<void>[] = [];
  #goesOn = true;
  #calmSince = Number.POSITIVE_INFINITY;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(lanes: number): this {
    this.#running = Array.from({ length: lanes }, (_, index) => this.#lane(index % 4 === 3));
    return this;
  }

  /** Nothing is broken any more: whoever has begun may finish, and nobody begins. */
  async end(): Promise<Verdict> {
    this.#goesOn = false;
    this.#calmSince = performance.now();
    await Promise.all(this.#running);
    const held = await this.#cluster.settle();
    const { ledger } = this.#cluster;
    const all = [...this.#all];
    const strangers = all.filter((user) => !this.#entitled.has(user));
    const tooMany = all.filter((user) => ledger.count("granted", user) > ledger.count("verifiedBy", user));
    return {
      ...this.#found,
      held,
      failOpens: strangers.reduce((sum, user) => sum + ledger.count("hit", user), this.#found.failOpens),
      compares: ledger.above("compared", ALLOWED),
      doubleGrants: ledger.above("verified", 1) + tooMany.length,
      duplicateSends: ledger.above("message", 1) + ledger.above("delivered", 1),
      faults: [...this.#faults, ...ledger.rejections],
    };
  }

  async #lane(isThief: boolean): Promise<void> {
    while (this.#goesOn) {
      const person = new Person(this.#cluster, this.#cluster.newUser());
      this.#all.add(person.user);
      this.#found.persons += 1;
      try {
        if (isThief) await this.#steal(person);
        else if (!(await this.#live(person))) this.#found.lostGrants += 1;
      } catch (error) {
        this.#faults.push(String(error));
      }
    }
  }

  /** Guesses three times and tries the door: never with a right code. */
  async #steal(person: Person): Promise<void> {
    await this.#ask("enter", () => person.enter());
    const [sent] = this.#cluster.ledger.sent(person.phone);
    for (const code of wrongCodes(sent?.code ?? "123456", 3)) await this.#ask("guess", () => person.verify(code));
    const door = await this.#ask("door", () => person.vault());
    if (door?.status === 200) this.#found.failOpens += 1;
  }

  /** True when the person came through the door in the end. */
  async #live(person: Person): Promise<boolean> {
    let mistakes = Math.random() < 0.3 ? 1 : 0;
    while (!this.#isOver()) {
      const code = await this.#challenged(person);
      if (code === undefined) continue;
      for (; mistakes > 0; mistakes -= 1) await this.#ask("guess", () => person.verify(wrongCodes(code, 1)[0] ?? ""));
      if (await this.#verified(person, code)) return this.#through(person);
    }
    return false;
  }

  /** The code of the challenge that the door asks for. */
  async #challenged(person: Person): Promise<string | undefined> {
    const { ledger } = this.#cluster;
    const before = ledger.sent(person.phone).length;
    const answer = await this.#ask("enter", () => person.enter());
    if (answer?.status !== 401) {
      await pause(40);
      return undefined;
    }
    const sent = await ledger.nextSent(person.phone, before, NO_MESSAGE);
    // Kept and never sent, or sent while the answer was lost: a person cancels, and starts again.
    if (!sent) await this.#ask("cancel", () => person.send("POST", "/2fa/cancel", {}));
    return sent?.code;
  }

  /** True when the code was taken; false when it is good for nothing more. */
  async #verified(person: Person, code: string): Promise<boolean> {
    const { challenge, user } = person;
    while (!this.#isOver()) {
      this.#entitled.add(user);
      const answer = await this.#ask("verify", () => person.send("POST", "/2fa/verify", { code, challenge }));
      if (answer?.status === 200) return true;
      if (answer && answer.status !== 503) {
        if (answer.status === 422) this.#found.calledWrong += 1;
        if (answer.status === 409) this.#found.burnt += 1;
        return false;
      }
      await pause(40);
    }
    return false;
  }

  async #through(person: Person): Promise<boolean> {
    while (!this.#isOver()) {
      const door = await this.#ask("door", () => person.vault());
      if (door?.status === 200) return true;
      if (door && door.status !== 503) throw new Error(`The door answered ${door.status} to a proof.`);
      await pause(40);
    }
    return false;
  }

  #isOver(): boolean {
    return performance.now() - this.#calmSince > PERSISTENCE;
  }

  /** The answer, or nothing when the process ended before it gave one. */
  async #ask(what: string, request: () => Promise<Answer>): Promise<Answer | undefined> {
    const began = performance.now();
    try {
      const answer = await request();
      this.#found.requests += 1;
      const took = performance.now() - began;
      if (took > this.#found.longest)
        Object.assign(this.#found, { longest: took, slowest: `${what} ${answer.status}` });
      if (answer.status >= 500 && answer.status !== 503)
        this.#faults.push(`${answer.status}: ${answer.text.slice(0, 200)}`);
      return answer;
    } catch {
      await pause(20);
      return undefined;
    }
  }
}
