import { setTimeout as pause } from "node:timers/promises";
import { type Answer, rawRequest, type RequestParts } from "../helpers/burst.js";
import { type Addressed, type Cluster, type Process, send } from "./cluster.js";

/** Long enough for a message that was sent to be heard of, in milliseconds. */
const ON_ITS_WAY = 2_000;
const TRIES = 20;

/** A browser whose requests go to whichever process has its turn. */
export class Person {
  readonly cluster: Cluster;
  readonly user: string;
  cookie = "";
  challenge = "";

  constructor(cluster: Cluster, user: string) {
    this.cluster = cluster;
    this.user = user;
  }

  get phone(): string {
    return `+4670${1_000_000 + Number(/\d+$/.exec(this.user)?.[0])}`;
  }

  /** The id within the cookie. */
  get session(): string {
    return decodeURIComponent(this.cookie).slice("connect.sid=s:".length).split(".")[0] ?? "";
  }

  request(method: string, target: string, parts: RequestParts = {}, to: Process = this.cluster.next()): Addressed {
    const headers = { ...(this.cookie === "" ? {} : { cookie: this.cookie }), ...parts.headers };
    return { to, raw: rawRequest(method, target, { ...parts, headers }) };
  }

  async send(method: string, target: string, json?: unknown, to?: Process): Promise<Answer> {
    const answer = await send(this.request(method, target, json === undefined ? {} : { json }, to));
    this.keep(answer);
    return answer;
  }

  verify(code: string, to?: Process): Promise<Answer> {
    return this.send("POST", "/2fa/verify", { code }, to);
  }

  vault(to?: Process): Promise<Answer> {
    return this.send("GET", "/vault", undefined, to);
  }

  /** Logs in and knocks at the guarded door; the challenge is the one it is answered with. */
  async enter(to?: Process): Promise<Answer> {
    const answer = await this.send("POST", "/enter", { user: this.user }, to);
    const challenge = answer.body["challenge"] as { id: string } | undefined;
    if (challenge) this.challenge = challenge.id;
    return answer;
  }

  /** The same until there is a code: on a busy machine a store may be too slow at first. */
  async asked(to?: Process): Promise<string> {
    const { ledger } = this.cluster;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = ledger.sent(this.phone).length;
      const { status, text } = await this.enter(to);
      if (status !== 401 && status !== 503) throw new Error(`The door answered ${status}: ${text}`);
      const sent = status === 401 && (await ledger.nextSent(this.phone, before, ON_ITS_WAY));
      if (sent) return sent.code;
      if (status === 401) await this.send("POST", "/2fa/cancel", {}, to);
      else await pause(50);
    }
    throw new Error("No code was sent.");
  }

  /** Comes through the second factor, with another code where one was used up without an answer. */
  async prove(): Promise<this> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const code = await this.asked();
      if ((await this.sure(() => this.verify(code))).status === 200) return this;
    }
    throw new Error("No code was taken.");
  }

  /** Asks again while the answer is that the store is too slow. */
  async sure(request: () => Promise<Answer>): Promise<Answer> {
    let answer = await request();
    for (let tries = 0; answer.status === 503 && tries < TRIES; tries += 1) {
      await pause(50);
      answer = await request();
    }
    return answer;
  }

  keep({ headers }: Answer): void {
    const [pair] = headers["set-cookie"]?.split(";") ?? [];
    if (pair) this.cookie = pair;
  }

  /** The same browser once more, as it is now or with the cookie of an answer. */
  twin(answer?: Answer): Person {
    const twin = new Person(this.cluster, this.user);
    twin.cookie = this.cookie;
    twin.challenge = this.challenge;
    if (answer) twin.keep(answer);
    return twin;
  }
}
