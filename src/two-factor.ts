import type { RequestHandler } from "express";
import type { Events } from "./core/events.js";
import { RequestTwoFactor } from "./express/context.js";
import { GUARD } from "./express/guard.js";
import { disown } from "./express/identity.js";
import { type AuditedRoute, inventory } from "./express/inventory.js";
import { routeFor, serve } from "./express/router.js";
import { isNotMe, serveNotMe } from "./express/routes/not-me.js";
import { receiptsOf, serveReceipts } from "./express/routes/receipts.js";
import { loadPage } from "./express/show.js";
import type { Verifications } from "./verification/verifications.js";
import { LONGEST_PROOF } from "./step-up/policy.js";
import { forgetUsual } from "./step-up/usual.js";
import { challengesApi, type ChallengesApi } from "./challenges-api.js";
import { type DevicesApi, devicesApi } from "./devices-api.js";
import { type FactorsApi, factorsApi } from "./factors-api.js";
import { type LimitsApi, limitsApi, type WorkflowsApi, workflowsApi } from "./definitions-api.js";
import { buildKit } from "./build.js";
import type { TwoFactorOptions } from "./options.js";

/** The middleware, and what an app can do with it beside mounting it. */
export interface TwoFactor extends RequestHandler {
  /** Challenges without the routes: for sockets, jobs and pages of your own. */
  readonly challenges: ChallengesApi;
  /** Codes for any recipient, with or without a user: sent, checked, canceled, searched, counted. */
  readonly verifications: Verifications;
  /** What people have enrolled themselves, with `twoFactor({ factors })`. */
  readonly factors: FactorsApi;
  /** Browsers that people trust, with `twoFactor({ trustedDevices })`. */
  readonly devices: DevicesApi;
  /** Limits made at run time, for `tfa.verifications`. */
  readonly limits: LimitsApi;
  /** Workflows made at run time, for `tfa.verifications`. */
  readonly workflows: WorkflowsApi;
  /** Everything that happens, typed by name. */
  readonly events: Events;
  /** Voids every proof of a user, in sessions and tokens alike, and trusts none of their devices: after a password change, say. */
  revoke(userId: string | number): Promise<void>;
  /**
   * Forgets a user's wrong codes: opens the lock, and enables methods that were disabled by too many of them. For whoever
   * has made sure, by other means, that it is the person who asks.
   */
  unlock(userId: string | number): Promise<void>;
  /**
   * Forgets everything that is kept about a user but for what proofs their sessions and tokens hold: revoke those too. A
   * revocation has the user's id until no proof could be that old, for 24 hours.
   */
  eraseUser(userId: string | number): Promise<void>;
  /** Every route of an app with the guard it has, for a test that fails when a sensitive one has none. */
  audit(app: object): AuditedRoute[];
  /**
   * Waits for the requests that are being decided or answered, then stops timers and lets the store go. Close the HTTP
   * server first: what comes later is refused. Connections that the app made stay the app's.
   */
  close(): Promise<void>;
}

/**
 * Mounts step-up two-factor authentication: after the session (or whatever logs in) and before the guarded routes.
 *
 * @example
 * app.use(twoFactor({ secret, user: (req) => req.session.userId, contact: (id) => users.find(id), methods: [sms(provider)] }));
 *
 * @throws TwoFactorError `misconfigured` for anything that is missing, unknown or weak.
 */
export function twoFactor(options: TwoFactorOptions): TwoFactor {
  const kit = buildKit(options);
  const { flights } = kit;
  // Soon, and while the file is the one that fits: a package that is installed anew under a process has another.
  if (!kit.render) setImmediate(() => void loadPage().catch(() => undefined));
  const middleware: RequestHandler = function twoFactorMiddleware(req, res, next) {
    if (RequestTwoFactor.keeps(req.twoFactor, kit, req)) return next();
    req.twoFactor = new RequestTwoFactor(kit, req);
    const provider = receiptsOf(kit, req);
    if (provider !== undefined) return void flights.track(serveReceipts(kit, provider, req, res, next));
    if (isNotMe(kit, req)) return void flights.track(serveNotMe(kit, req, res, next));
    const route = routeFor(kit, req);
    const stranger = disown(kit, req);
    const goOn = (): void => {
      if (route) void flights.track(serve(kit, route, req, res, next));
      else next();
    };
    if (stranger) void stranger.then(goOn, next);
    else goOn();
  };

  return Object.assign(middleware, {
    challenges: challengesApi(kit),
    verifications: kit.verifications,
    factors: factorsApi(kit),
    devices: devicesApi(kit),
    limits: limitsApi(kit.namedLimits, kit.clock),
    workflows: workflowsApi(kit.namedWorkflows, kit.clock),
    events: kit.events,
    async revoke(userId: string | number): Promise<void> {
      await kit.store.revoke(String(userId), LONGEST_PROOF, kit.clock());
      await kit.devices?.removeAll(String(userId));
      kit.events.emit("proof.revoked", { user: String(userId) });
    },
    async unlock(userId: string | number): Promise<void> {
      await kit.store.unlock(String(userId), kit.clock());
      await kit.enrolled?.enrollments.unlock(String(userId));
      kit.events.emit("account.unlocked", { user: String(userId) });
    },
    async eraseUser(userId: string | number): Promise<void> {
      await kit.store.erase(String(userId), kit.clock());
      await kit.enrolled?.factors.forget(String(userId));
      await kit.devices?.removeAll(String(userId));
      await forgetUsual(kit.store, String(userId));
    },
    audit: (app: object) => inventory(app, GUARD),
    async close(): Promise<void> {
      await flights.landed();
      await kit.scheduler.close();
      await kit.store.close?.();
    },
  });
}
