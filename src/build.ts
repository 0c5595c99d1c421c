import { createKeyring } from "./core/crypto.js";
import { misconfigured } from "./core/errors.js";
import { Events } from "./core/events.js";
import { checkKeys } from "./core/options.js";
import { Flights } from "./express/flights.js";
import type { Kit } from "./express/kit.js";
import { isLocalPath } from "./express/page/local-path.js";
import { checkTheme } from "./express/page/theme.js";
import type { Method } from "./methods/method.js";
import type { ReceiptReader } from "./providers/provider.js";
import { Challenges } from "./step-up/challenges.js";
import { GUARD_TENANT, readDetail } from "./step-up/wanted.js";
import { endOf } from "./stores/ended.js";
import type { Pending } from "./stores/pending.js";
import { reportLinks } from "./step-up/reports.js";
import type { ChallengeParts } from "./step-up/challenge-parts.js";
import { Enrollments } from "./step-up/enrollment.js";
import { FactorBook } from "./step-up/factor-book.js";
import { Factors } from "./step-up/factors.js";
import { checkFirstFactor } from "./step-up/first-factor.js";
import { tellOfChanges } from "./step-up/notices.js";
import { supervise } from "./stores/supervise.js";
import { goOnAfter, onStepDue } from "./verification/escalation.js";
import { createLimits } from "./verification/limits.js";
import { bindingHost } from "./verification/message.js";
import { checkLimit, type LimitValue } from "./verification/named-limits.js";
import type { VerificationParts } from "./verification/parts.js";
import { readVerification } from "./verification/prepare.js";
import { noteReport } from "./verification/receipts.js";
import { Registry } from "./verification/registry.js";
import { watchSpend } from "./verification/spend.js";
import { bounded, TimerScheduler } from "./verification/scheduler.js";
import { Verifications } from "./verification/verifications.js";
import { checkSteps, parseWorkflow, type Step } from "./verification/workflow.js";
import { buildDevices } from "./build-devices.js";
import { checkFactors, type FactorSettings } from "./factors-options.js";
import { buildBooks } from "./languages.js";
import { buildMethods, buildProofs } from "./build-methods.js";
import { checkNotMe, checkOptions, checkOrigins, checkPath, checkStore, warnOfOrigin } from "./check-options.js";
import type { PageOptions, TwoFactorOptions } from "./options.js";
import { warnOfTelephoneOnly } from "./telephone-only.js";

/**
 * Options checked and made ready, once: from here on nothing is looked up by name or parsed again.
 *
 * @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead.
 */
export function buildKit(options: TwoFactorOptions): Kit {
  checkOptions(options);
  const keys = createKeyring(options.secret);
  const clock = options.clock ?? Date.now;
  const events = new Events(options.events);
  const origins = checkOrigins(options.origin);
  const [first] = origins;
  const host = first === undefined ? undefined : bindingHost(new URL(first).hostname);
  const bare = checkStore(options);
  const revokedAt = (subject: string): number => bare.revokedAt(subject);
  const store = supervise(bare, events, clock);
  const limits = createLimits(options.limits);
  watchSpend(events, limits.spend, clock);
  const { page: words, messages: book, locales } = buildBooks(options);
  const own = checkFactors(options.factors ?? false, store);
  const factors = own && new FactorBook(own.storage, keys);
  const scheduler = bounded(options.scheduler ?? new TimerScheduler(clock));
  const reportLink = reportLinks(keys, checkNotMe(options, first));
  const told = { service: options.service, host, origins, book, reportLink };
  const methods = buildMethods(options.methods, { keys, clock, events, enrols: factors !== undefined, ...told });
  warnOfOrigin(origins, methods);
  warnOfTelephoneOnly(methods);
  const workflows = buildWorkflows(options.workflows);
  const contactOf = options.contact;
  const flights = new Flights();
  const people = { revokedAt, store, methods, limits, keys, clock, events, contactOf, scheduler, locales, factors };
  const challenges = new Challenges(people);
  const advance = async (entry: Pending, step: number): Promise<unknown> =>
    entry.tenant === GUARD_TENANT ? challenges.advance(entry, step) : service.verifications.advance(entry, step);
  const parts = { store, keys, clock, events, limits, methods, scheduler, workflows, advance, book };
  const service = buildService(options, parts);
  takeSteps(people, advance);
  const proofs = buildProofs(options, (factory) => factory({ keys, clock, events, store }));
  return {
    challenges,
    enrolled: factors && buildEnrolled(own, factors, people, flights),
    ...buildDevices(options, people),
    methods,
    resistant: methods.filter((method) => method.phishingResistant).map((method) => method.name),
    proofs,
    userOf: options.user,
    firstFactor: checkFirstFactor(options.firstFactor),
    store,
    revokedAt,
    keys,
    clock,
    events,
    path: checkPath(options.path ?? "/2fa"),
    origins: new Set(origins),
    service: options.service,
    ...service,
    receipts: buildReaders(methods),
    noteReport: (provider, report) => noteReport(parts, provider, report),
    scheduler,
    workflows,
    flights,
    words,
    ...buildPage(options.page ?? {}),
  };
}

/** What a workflow does when a step of it is due, whoever it belongs to. */
function takeSteps(
  { scheduler, store, clock }: Pick<ChallengeParts, "scheduler" | "store" | "clock">,
  advance: (entry: Pending, step: number) => Promise<unknown>,
): void {
  onStepDue(scheduler, async ({ id, step }) => {
    const entry = await store.find({ id }, clock());
    if (!entry || endOf(entry, clock())) return;
    if ((entry.delivery.step ?? 0) < step) await advance(entry, step);
    else await goOnAfter(scheduler, entry, stepsOf(entry));
  });
}

function buildEnrolled(
  { notify, fresh }: FactorSettings,
  book: FactorBook,
  people: ChallengeParts,
  flights: Flights,
): NonNullable<Kit["enrolled"]> {
  const { events, contactOf, clock } = people;
  if (notify) tellOfChanges({ events, contactOf, notify, track: (notice) => flights.track(notice) });
  return { factors: new Factors(book, clock, events), enrollments: new Enrollments(people, book), fresh };
}

function stepsOf(entry: Pending): readonly Step[] {
  if (entry.tenant === GUARD_TENANT) return readDetail(entry).workflow ?? [];
  return readVerification(entry).workflow?.steps ?? [];
}

function buildWorkflows(given: TwoFactorOptions["workflows"] = {}): ReadonlyMap<string, readonly Step[]> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw misconfigured("twoFactor({ workflows }) takes lists of steps by name.");
  }
  return new Map(
    Object.entries(given).map(([name, steps]) => [name, parseWorkflow(steps, `twoFactor({ workflows: { ${name} } })`)]),
  );
}

/** Receipts are posted to the name of their provider, so that name must be one provider's, and fit into a path. */
function buildReaders(methods: readonly Method[]): ReadonlyMap<string, ReceiptReader> {
  const all = methods.flatMap((method) => method.outOfBand?.readers ?? []);
  const found = new Map<string, ReceiptReader>();
  for (const { name, read } of all) {
    if (!read) continue;
    if (typeof read !== "function") throw misconfigured(`The receipts of provider "${name}" must be a function.`);
    if (!/^[\w.~-]{1,60}$/.test(name)) {
      throw misconfigured(`A provider with receipts has them posted to its name, which "${name}" is not fit for.`);
    }
    if (all.some((other) => other.name === name && other.read !== read)) {
      throw misconfigured(`Two providers are called "${name}", and one takes receipts: give it a name of its own.`);
    }
    found.set(name, read);
  }
  return found;
}

type ServiceParts = Pick<
  VerificationParts,
  "store" | "keys" | "clock" | "events" | "limits" | "scheduler" | "advance" | "book"
> & {
  readonly methods: readonly Method[];
  readonly workflows: ReadonlyMap<string, readonly Step[]>;
};

/** The verification service, over the same providers as the methods. */
function buildService(
  { service, lookup, generateCode }: TwoFactorOptions,
  { methods, workflows: configuredWorkflows, ...parts }: ServiceParts,
): Pick<Kit, "verifications" | "namedLimits" | "namedWorkflows"> {
  const ways = methods.map((method) => method.outOfBand).filter((way) => way !== undefined);
  const namedLimits = new Registry<LimitValue>(parts.store, "limit", checkLimit);
  const namedWorkflows = new Registry<readonly Step[]>(parts.store, "workflow", checkSteps);
  const verifications = new Verifications({
    ...parts,
    channels: new Map(ways.map((way) => [way.channel, way])),
    namedLimits,
    workflows: namedWorkflows,
    configuredWorkflows,
    service,
    lookup,
    generate: generateCode,
  });
  return { verifications, namedLimits, namedWorkflows };
}

function buildPage(page: PageOptions): Pick<Kit, "render" | "login" | "theme"> {
  checkKeys(page, { theme: true, login: true, render: true }, "twoFactor({ page })");
  const { theme, login, render } = page;
  if (login !== undefined && !isLocalPath(login)) {
    throw misconfigured('twoFactor({ page: { login } }) must be a path of this site, as in "/login".');
  }
  if (theme) checkTheme(theme);
  if (render !== undefined && typeof render !== "function") {
    throw misconfigured("twoFactor({ page: { render } }) must be a function: (view) => the document as a string.");
  }
  return { login, theme, render };
}
