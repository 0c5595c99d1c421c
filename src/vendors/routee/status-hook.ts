import type { Clock } from "../../core/clock.js";
import { postBounded } from "../../providers/http.js";
import type { Verification } from "../../verification/request.js";
import type { Job, Scheduler } from "../../verification/scheduler.js";
import type { Verifications } from "../../verification/verifications.js";
import type { Application } from "./options.js";
import { callbackOf } from "./served.js";
import type { RouteeCallback } from "./wire.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The waits before each further try of a callback, in milliseconds. */
export const RETRIES: readonly number[] = [
  30_000,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 24].map((hours) => hours * HOUR),
];
/** A receiver that has not answered 200 by then is tried again. */
const DEADLINE = 2_000;

const QUEUE = "routee";
/** More than this many at once wait for a second: a receiver that comes back is not run over. */
const MAX_IN_FLIGHT = 32;

interface Parts {
  readonly scheduler: Scheduler;
  readonly verifications: Verifications;
  readonly applications: ReadonlyMap<string, Application>;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** Plain JSON, so that a scheduler can keep it. */
type Due =
  | { readonly kind: "expiry"; readonly applicationId: string; readonly trackingId: string }
  /** The recipient is sealed. */
  | { readonly kind: "callback"; readonly callback: RouteeCallback; readonly tries: number };

/**
 * Tells applications of every change of a status, made through this API or by the app itself in this process; what another
 * process changed without telling is told when the code would have died. The next try is scheduled before this one is made
 * and taken back when it succeeds: a process that dies in between loses nothing that its scheduler keeps. Receivers may see
 * a change twice.
 */
export class StatusHook {
  readonly #parts: Parts;
  #inFlight = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.scheduler.onDue(QUEUE, (job) => this.#run(job));
    const byTenant = new Map([...parts.applications.values()].map((each) => [each.tenant, each]));
    // whoever ends it: a client of this API, or the app itself
    parts.verifications.onEnd((ended) => {
      const application = byTenant.get(ended.account ?? "");
      return application && this.#changed(application, ended);
    });
  }

  /** A code is out: looks at it again when it has died. */
  async watch({ id, callbackUrl }: Application, { id: trackingId, expiresAt }: Verification): Promise<void> {
    if (callbackUrl === undefined) return;
    await this.#schedule(`expiry:${trackingId}`, expiresAt.getTime(), {
      kind: "expiry",
      applicationId: id,
      trackingId,
    });
  }

  /** The status has changed. Never throws: what a client asked for is done, whoever else should hear of it. */
  async #changed(application: Application, verification: Verification): Promise<void> {
    if (application.callbackUrl === undefined) return;
    const { scheduler, clock, onFault } = this.#parts;
    const callback = callbackOf(application, verification);
    try {
      await scheduler.cancel(`${QUEUE}:expiry:${verification.id}`);
      await this.#callLater(callback, 0, clock());
      await this.#isNews(application, callback);
    } catch (error) {
      onFault(error);
    }
  }

  /** False for an application of another router. */
  async #run(job: Job): Promise<boolean> {
    const due = JSON.parse(job.payload) as Due;
    const application = this.#parts.applications.get(
      due.kind === "expiry" ? due.applicationId : due.callback.applicationId,
    );
    if (!application) return false;
    if (due.kind === "expiry") await this.#expire(application, due.trackingId);
    else await this.#call(application, due.callback, due.tries);
    return true;
  }

  async #expire(application: Application, trackingId: string): Promise<void> {
    const { verifications, clock } = this.#parts;
    const verification = await verifications.get({ id: trackingId, account: application.tenant });
    if (!verification) return;
    if (verification.status === "pending") {
      // the clock of whoever keeps the codes is a little behind ours
      const due: Due = { kind: "expiry", applicationId: application.id, trackingId };
      await this.#schedule(`expiry:${trackingId}`, clock() + 1_000, due);
    } else {
      // of age, or by something that this process did not see: a newer verification, another process
      const callback = callbackOf(application, verification);
      if (await this.#isNews(application, callback)) await this.#callLater(callback, 0, clock());
    }
  }

  /** Whether nobody has told of it: true once, over all processes. */
  #isNews({ tenant }: Application, { trackingId, status }: RouteeCallback): Promise<boolean> {
    const name = `routee:told:${trackingId}:${status}`;
    return this.#parts.verifications.claim({ account: tenant, name, ttl: "2d" });
  }

  /** Does not wait for the answer: one slow receiver would hold up everything else that is due. */
  async #call({ callbackUrl: url }: Application, sealed: RouteeCallback, tries: number): Promise<void> {
    const { verifications, clock } = this.#parts;
    const recipient = verifications.unseal(sealed.recipient, sealed.trackingId);
    if (url === undefined || recipient === undefined) return;
    const callback = { ...sealed, recipient };
    if (this.#inFlight >= MAX_IN_FLIGHT) return this.#callLater(callback, tries, clock() + 1_000);
    const wait = RETRIES[tries];
    if (wait !== undefined) await this.#callLater(callback, tries + 1, clock() + wait);
    this.#inFlight += 1;
    void this.#post(url, callback, wait === undefined).finally(() => (this.#inFlight -= 1));
  }

  async #post(url: string, callback: RouteeCallback, last: boolean): Promise<void> {
    const { scheduler, onFault } = this.#parts;
    try {
      const { status } = await postBounded({
        who: "The callback of a Routee application",
        url,
        body: JSON.stringify(callback),
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(DEADLINE),
      });
      if (status === 200) return await scheduler.cancel(keyOf(callback));
      if (last) throw new Error(`The callback of a Routee application answered with status ${status} to the last try.`);
    } catch (error) {
      if (last) onFault(error);
    }
  }

  #callLater(plain: RouteeCallback, tries: number, at: number): Promise<void> {
    const recipient = this.#parts.verifications.seal(plain.recipient, plain.trackingId);
    const callback = { ...plain, recipient };
    return this.#schedule(keyOf(callback).slice(QUEUE.length + 1), at, { kind: "callback", callback, tries });
  }

  #schedule(key: string, at: number, due: Due): Promise<void> {
    return this.#parts.scheduler.schedule({ key: `${QUEUE}:${key}`, at, payload: JSON.stringify(due) });
  }
}

function keyOf({ trackingId, status }: RouteeCallback): string {
  return `${QUEUE}:callback:${trackingId}:${status}`;
}
