import type { Awaitable } from "../core/deadline.js";
import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, display, listOf, oneOf } from "../core/options.js";
import { isPrintable } from "../core/printable.js";
import { METHOD_NAMES, type MethodName } from "../methods/method.js";

/** What a transaction consists of: shown to the person, and covered by the proof to the letter. */
export type Transaction = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Any of these, all of these, or whatever cannot be phished. */
export type MethodPolicy = readonly MethodName[] | { readonly allOf: readonly MethodName[] } | "phishing-resistant";

/** What a route asks for. Every option may be left out. */
export interface Policy<Req> {
  /**
   * How old the proof may be, at most `"24h"`. `0` means one proof for one request.
   * @default "15m"
   */
  maxAge?: Duration;
  /** The proof dies sooner when it is not used for this long; it never lives past `maxAge`. Off by default. */
  idle?: Duration;
  /**
   * `["totp", "sms"]` accepts any of these, `{ allOf: ["totp", "sms"] }` wants all of them,
   * `"phishing-resistant"` only what cannot be typed into the wrong site. By default every configured method will do.
   */
  methods?: MethodPolicy;
  /** A name; then only a proof that was given for this action counts. */
  action?: string;
  /**
   * What exactly is being approved: `(req) => ({ amount: req.body.amount, payee: req.body.payee })`. Shown in the
   * message and on the page; the proof covers these values to the letter and is used up by one request.
   * Such a guard goes after the body parser; every other one may go before it.
   */
  bind?: (req: Req) => Awaitable<Transaction>;
  /** Whether a second factor is due at all. Only `false` waives it. Always due by default. */
  when?: (req: Req) => Awaitable<boolean>;
  /**
   * What becomes of a user without a usable method.
   * @default "deny"
   */
  onNotEnrolled?: "deny" | "enroll" | "allow";
  /**
   * Whether a browser that the person trusts may stand in for a fresh proof, with `twoFactor({ trustedDevices })`. Never
   * for `bind` or `maxAge: 0`, where saying so throws, nor for `"phishing-resistant"` or methods it was not trusted with.
   * @default false
   */
  trustedDevice?: boolean;
  /**
   * What a token that speaks for a program gets.
   * @default "deny"
   */
  machine?: "deny" | "allow";
  /**
   * Whether the page, once passed, goes back to a GET and sends an interrupted form POST again.
   * @default true
   */
  resume?: boolean;
  /** Names of limits from `twoFactor({ limits: { named } })` that a message for this route is charged to as well. */
  limits?: readonly string[];
  /** Name of a workflow from `twoFactor({ workflows })` or `tfa.workflows`: which channels are tried one after the other. */
  workflow?: string;
  /**
   * Record what would have been refused, in an event and the header `Two-Factor-Report`, and let it pass.
   * @default false
   */
  reportOnly?: boolean;
  /**
   * The status of `second_factor_required`; some clients log out on every 401.
   * @default 401
   */
  status?: 401 | 403;
}

/** A policy, checked and ready: durations in milliseconds, every default filled in. */
export interface ParsedPolicy<Req> {
  /** How long a proof is good for, in milliseconds. */
  readonly maxAge: number;
  /** The same as the route declared it, in seconds: what clients are told. */
  readonly maxAgeSeconds: number;
  readonly idle: number | undefined;
  readonly methods:
    | "all"
    | "phishing-resistant"
    | { readonly kind: "anyOf" | "allOf"; readonly names: readonly MethodName[] };
  /** One proof, one request: because of `maxAge: 0` or of `bind`. */
  readonly oneShot: boolean;
  readonly action: string | undefined;
  readonly bind: ((req: Req) => Awaitable<Transaction>) | undefined;
  readonly when: ((req: Req) => Awaitable<boolean>) | undefined;
  readonly onNotEnrolled: "deny" | "enroll" | "allow";
  readonly trustedDevice: boolean;
  readonly machine: "deny" | "allow";
  readonly resume: boolean;
  readonly limits: readonly string[];
  readonly workflow: string | undefined;
  readonly reportOnly: boolean;
  readonly status: 401 | 403;
}

const declared = new Set<string>();

/** Whether a guard of this process asks for the action by name: only such a name is fit to be shown to a person. */
export function isDeclared(action: string): boolean {
  return declared.has(action);
}

/** NIST SP 800-63B-4 section 2.2.3: reauthentication at least once a day. */
export const LONGEST_PROOF = 24 * 3_600_000;
export const DEFAULT_MAX_AGE = 15 * 60_000;
/** How long a proof for a single request waits for that request. */
export const ONE_SHOT_WINDOW = 5 * 60_000;

/** @throws TwoFactorError `misconfigured`, naming the option and the nearest right name. */
export function parsePolicy<Req>(policy: Policy<Req> = {}): ParsedPolicy<Req> {
  checkKeys(policy, POLICY_KEYS, "require2fa()");
  const maxAge = policy.maxAge === undefined ? DEFAULT_MAX_AGE : milliseconds(policy.maxAge, "require2fa({ maxAge })");
  if (maxAge > LONGEST_PROOF) {
    throw misconfigured(`require2fa({ maxAge: "${display(policy.maxAge)}" }): a proof lives at most "24h".`);
  }
  const idle = policy.idle === undefined ? undefined : milliseconds(policy.idle, "require2fa({ idle })");
  if (idle !== undefined && (idle === 0 || maxAge === 0)) {
    throw misconfigured("require2fa({ idle }): it must be longer than 0 and makes no sense beside maxAge: 0.");
  }
  if (policy.action !== undefined && (typeof policy.action !== "string" || !isPrintable(policy.action, 1, 100))) {
    throw misconfigured("require2fa({ action }) must be a name of 1 to 100 printable characters.");
  }
  if (policy.action !== undefined) declared.add(policy.action);
  const oneShot = maxAge === 0 || policy.bind !== undefined;
  const trustedDevice = flag(policy.trustedDevice ?? false, "trustedDevice");
  if (trustedDevice && oneShot) {
    throw misconfigured(
      "require2fa({ trustedDevice: true }) makes no sense beside bind or maxAge: 0, which want a proof.",
    );
  }
  return {
    maxAge: maxAge === 0 ? ONE_SHOT_WINDOW : maxAge,
    maxAgeSeconds: Math.floor(maxAge / 1000),
    idle,
    methods: parseMethods(policy.methods),
    oneShot,
    trustedDevice,
    action: policy.action,
    bind: optionalFunction(policy.bind, "bind"),
    when: optionalFunction(policy.when, "when"),
    onNotEnrolled: oneOf(policy.onNotEnrolled ?? "deny", ["deny", "enroll", "allow"], "require2fa({ onNotEnrolled })"),
    machine: oneOf(policy.machine ?? "deny", ["deny", "allow"], "require2fa({ machine })"),
    resume: flag(policy.resume ?? true, "resume"),
    limits: listOf(policy.limits ?? [], "require2fa({ limits })").map((name) => word(name, "limits")),
    workflow: policy.workflow === undefined ? undefined : word(policy.workflow, "workflow"),
    reportOnly: flag(policy.reportOnly ?? false, "reportOnly"),
    status: oneOf(policy.status ?? 401, [401, 403], "require2fa({ status })"),
  };
}

const POLICY_KEYS = {
  maxAge: true,
  idle: true,
  methods: true,
  action: true,
  bind: true,
  when: true,
  onNotEnrolled: true,
  trustedDevice: true,
  machine: true,
  resume: true,
  limits: true,
  workflow: true,
  reportOnly: true,
  status: true,
} as const;

function parseMethods(methods: MethodPolicy | undefined): ParsedPolicy<never>["methods"] {
  if (methods === undefined) return "all";
  if (methods === "phishing-resistant") return methods;
  if (typeof methods === "string") {
    throw misconfigured(
      `require2fa({ methods: "${display(methods)}" }): write a list, as in ["totp", "sms"], or "phishing-resistant".`,
    );
  }
  if (typeof methods !== "object" || methods === null) throw noList();
  const names: readonly unknown[] = "allOf" in methods ? methods.allOf : methods;
  if (!("allOf" in methods)) checkList(names);
  else checkKeys(methods, { allOf: true }, "require2fa({ methods })");
  checkList(names);
  return {
    kind: "allOf" in methods ? "allOf" : "anyOf",
    names: names.map((name) => oneOf(name, METHOD_NAMES, "require2fa({ methods })")),
  };
}

function checkList(names: readonly unknown[]): void {
  if (!Array.isArray(names) || names.length === 0) throw noList();
}

function noList(): Error {
  return misconfigured('require2fa({ methods }) needs at least one name, as in ["totp", "sms"].');
}

function optionalFunction<F>(value: F, option: string): F {
  if (value !== undefined && typeof value !== "function") {
    throw misconfigured(`require2fa({ ${option} }) must be a function that takes the request.`);
  }
  return value;
}

function word(value: unknown, option: string): string {
  if (typeof value !== "string" || value === "") throw misconfigured(`require2fa({ ${option} }) takes names.`);
  return value;
}

function flag(value: unknown, option: string): boolean {
  if (typeof value !== "boolean") throw misconfigured(`require2fa({ ${option} }) must be true or false.`);
  return value;
}
