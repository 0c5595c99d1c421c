import type { MethodName } from "../../../src/methods/method.js";
import type { PageChallenge, PageFactors, PageReport, PageState, PageView } from "../../../src/express/page/view.js";
import type { PasskeyCreation, PasskeyDescriptor, PasskeyRequest } from "../../../src/index.js";

export const NONCE = "dGVzdC1ub25jZS0xMjM0NQ==";

export const CHALLENGE: PageChallenge = {
  id: "challenge-1",
  method: "sms",
  to: "+46•••••••56",
  expiresAt: "2026-01-01T00:05:00.000Z",
  attemptsLeft: 5,
  resendIn: 27,
  digits: 6,
  delivery: "sent",
};

export const BASE: PageView = {
  locale: "en",
  nonce: NONCE,
  service: "Acme Bank",
  state: "challenge",
  challenge: CHALLENGE,
  alternatives: [],
  show: [],
  links: {
    page: "/2fa",
    verify: "/2fa/verify",
    resend: "/2fa/resend",
    challenge: "/2fa/challenge",
    cancel: "/2fa/cancel",
    back: "/vault?tab=1",
  },
};

const { challenge: _challenge, ...IDLE } = BASE;

const FACTORS = { ...IDLE, state: "factors", links: { ...IDLE.links, factors: "/2fa/factors" } } as const;

const LIST = {
  step: "list",
  factors: [
    { id: "factor-1", method: "totp", name: "My phone", createdAt: "2026-01-01T00:00:00.000Z" },
    {
      id: "factor-2",
      method: "sms",
      name: "",
      to: "+46•••••••56",
      createdAt: "2026-01-01T00:00:00.000Z",
      lastUsedAt: "2026-01-02T00:00:00.000Z",
    },
  ],
  addable: ["totp", "sms", "email"],
  recoveryCodesLeft: 3,
} as const;

const ALTERNATIVES = [
  { method: "totp" },
  { method: "voice", to: "+46•••••••56" },
  { method: "email", to: "a••••@example.com" },
  { method: "recovery-code" },
] as const;

const TRANSFER = [
  ["amount", "1,250.00 EUR"],
  ["payee", "Bob Holness"],
] as const;

/** Two numbers of the same person, one of them named, and the one that the app knows. */
const NUMBERS = [
  { method: "sms", factor: "factor-2", name: "Work phone", to: "+46•••••••20", digits: 6 },
  { method: "sms", factor: "contact", to: "+46•••••••10", digits: 6 },
  { method: "email", to: "a••••@example.com", digits: 8 },
] as const;
const PASSKEY: PasskeyDescriptor = { id: "Y3JlZGVudGlhbA", type: "public-key", transports: ["internal"] };

const ASKED: PasskeyRequest = {
  challenge: "YSBjaGFsbGVuZ2Ugb2YgMzIgYnl0ZXMsIGF0IGxlYXN0",
  rpId: "acme.example",
  allowCredentials: [PASSKEY],
  userVerification: "required",
  timeout: 120_000,
};

const MADE: PasskeyCreation = {
  rp: { id: "acme.example", name: "Acme Bank" },
  user: { id: "YWRh", name: "ada@example.com", displayName: "ada@example.com" },
  challenge: ASKED.challenge,
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  timeout: 120_000,
  excludeCredentials: [PASSKEY],
  authenticatorSelection: { residentKey: "preferred", requireResidentKey: false, userVerification: "required" },
  attestation: "none",
};

/** Every page a person can meet, by name. */
export const SAMPLES = {
  sms: { ...BASE, alternatives: ALTERNATIVES },
  numbers: { ...BASE, alternatives: NUMBERS },
  mail: { ...BASE, challenge: { ...CHALLENGE, method: "email", to: "a••••@example.com", digits: 8 } },
  totp: {
    ...BASE,
    challenge: {
      id: "challenge-1",
      method: "totp",
      expiresAt: CHALLENGE.expiresAt,
      attemptsLeft: 5,
      digits: 6,
      delivery: "none",
    },
  },
  recovery: {
    ...BASE,
    challenge: {
      id: "challenge-1",
      method: "recovery-code",
      expiresAt: CHALLENGE.expiresAt,
      attemptsLeft: 3,
      digits: 10,
      delivery: "none",
    },
    alternatives: ALTERNATIVES.slice(0, 1),
  },
  passkey: {
    ...BASE,
    trustable: true,
    challenge: {
      id: "challenge-1",
      method: "passkey",
      expiresAt: CHALLENGE.expiresAt,
      attemptsLeft: 5,
      digits: 0,
      publicKey: ASKED,
      delivery: "none",
    },
    alternatives: ALTERNATIVES.slice(0, 1),
  },
  passkey_wrong: {
    ...BASE,
    show: TRANSFER,
    challenge: {
      id: "challenge-1",
      method: "passkey",
      expiresAt: CHALLENGE.expiresAt,
      attemptsLeft: 4,
      digits: 0,
      publicKey: ASKED,
      delivery: "none",
    },
    error: { code: "wrong_code", attemptsLeft: 4 },
  },
  approval: { ...BASE, show: TRANSFER, action: "transfer", alternatives: ALTERNATIVES.slice(0, 2) },
  action: { ...BASE, action: "delete-account" },
  wrong: { ...BASE, show: TRANSFER, error: { code: "wrong_code", attemptsLeft: 1 } },
  resent: { ...BASE, notice: "sent" },
  calling: { ...BASE, challenge: { ...CHALLENGE, method: "voice", delivery: "sending" } },
  undelivered: { ...BASE, challenge: { ...CHALLENGE, delivery: "failed", resendIn: 0 }, alternatives: ALTERNATIVES },
  limited: { ...BASE, error: { code: "limit_exceeded", retryAfter: 42 } },
  locked: { ...BASE, error: { code: "account_locked", retryAfter: 840 } },
  done: { ...IDLE, state: "done" },
  replay: {
    ...IDLE,
    state: "done",
    replay: {
      action: "/transfer",
      fields: [
        ["amount", "10.00"],
        ["payee", "Bob"],
      ],
    },
  },
  expired: { ...IDLE, state: "ended", error: { code: "challenge_expired" } },
  used: { ...IDLE, state: "ended", error: { code: "challenge_used" } },
  spent: { ...IDLE, state: "ended", error: { code: "challenge_spent" }, alternatives: ALTERNATIVES.slice(0, 1) },
  canceled: { ...IDLE, state: "ended" },
  nothing: { ...IDLE, state: "nothing" },
  not_enrolled: { ...IDLE, state: "not_enrolled" },
  login: { ...IDLE, state: "login" },
  login_at: { ...IDLE, state: "login", links: { ...IDLE.links, login: "/login" } },
  unavailable: { ...IDLE, state: "unavailable", error: { code: "unavailable", retryAfter: 5 } },
  factors: { ...FACTORS, factors: LIST },
  factors_devices: { ...FACTORS, factors: LIST, links: { ...FACTORS.links, devices: "/2fa/devices" } },
  no_factors: {
    ...FACTORS,
    factors: { step: "list", factors: [], addable: ["totp", "sms"], recoveryCodesLeft: 0, required: true },
  },
  factor_removed: { ...FACTORS, factors: { ...LIST, done: "removed" } },
  factor_address: { ...FACTORS, factors: { step: "address", method: "sms" }, error: { code: "invalid_request" } },
  factor_email: { ...FACTORS, factors: { step: "address", method: "email" } },
  factor_app: {
    ...FACTORS,
    factors: {
      step: "confirm",
      setup: {
        id: "enrollment-1",
        method: "totp",
        digits: 6,
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        uri: "otpauth://totp/Acme%20Bank:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme%20Bank",
        qr: { size: 4, path: "M1 1h2v1h-2zM2 2h1v1h-1z" },
      },
    },
  },
  factor_wrong: {
    ...FACTORS,
    factors: { step: "confirm", setup: { id: "enrollment-1", method: "totp", digits: 6 } },
    error: { code: "wrong_code", attemptsLeft: 2 },
  },
  factor_number: {
    ...FACTORS,
    factors: { step: "confirm", setup: { id: "enrollment-1", method: "sms", digits: 6, to: "+46•••••••56" } },
  },
  passkey_new: {
    ...FACTORS,
    factors: { step: "confirm", setup: { id: "enrollment-1", method: "passkey", digits: 0, publicKey: MADE } },
  },
  passkeys: {
    ...FACTORS,
    factors: {
      ...LIST,
      factors: [
        { id: "factor-3", method: "passkey", name: "", createdAt: "2026-01-01T00:00:00.000Z", synced: true },
        { id: "factor-4", method: "passkey", name: "Key ring", createdAt: "2026-01-01T00:00:00.000Z", synced: false },
      ],
    },
    error: { code: "wrong_code", method: "passkey" },
  },
  factor: { ...FACTORS, factors: { step: "factor", factor: LIST.factors[0], last: true } },
  devices: {
    ...IDLE,
    state: "devices",
    links: { ...IDLE.links, devices: "/2fa/devices", factors: "/2fa/factors" },
    devices: [
      {
        id: "device-1",
        name: "Firefox, Linux",
        createdAt: "2026-01-01T00:00:00.000Z",
        lastUsedAt: "2026-01-02T00:00:00.000Z",
        expiresAt: "2026-01-31T00:00:00.000Z",
      },
    ],
  },
  no_devices: { ...IDLE, state: "devices", devices: [] },
  trustable: { ...BASE, trustable: true },
  report: {
    ...IDLE,
    state: "report",
    links: { ...IDLE.links, notMe: "/2fa/not-me" },
    report: { step: "confirm", token: "sealed.token" },
  },
  reported: { ...IDLE, state: "report", report: { step: "done" } },
  report_invalid: { ...IDLE, state: "report", report: { step: "invalid" } },
  recovery_codes: { ...FACTORS, factors: { step: "codes", codes: ["7K3M-Q2ZT-8XWV-N5HP", "C9DR-4GJY-B6EF-1S0A"] } },
} as const satisfies Record<string, PageView>;

export type SampleName = keyof typeof SAMPLES;

type Plain = Exclude<PageState, "challenge" | "factors" | "report">;
type PageKind = Plain | `challenge ${MethodName}` | `factors ${PageFactors["step"]}` | `report ${PageReport["step"]}`;

/** A sample for each kind of page that the types know: a new one does not compile until it has one. */
export const KINDS: Readonly<Record<PageKind, SampleName>> = {
  "challenge totp": "totp",
  "challenge sms": "sms",
  "challenge voice": "calling",
  "challenge email": "mail",
  "challenge recovery-code": "recovery",
  "challenge passkey": "passkey",
  done: "done",
  ended: "expired",
  nothing: "nothing",
  not_enrolled: "not_enrolled",
  login: "login",
  unavailable: "unavailable",
  devices: "devices",
  "factors list": "factors",
  "factors address": "factor_address",
  "factors confirm": "factor_app",
  "factors factor": "factor",
  "factors codes": "recovery_codes",
  "report confirm": "report",
  "report done": "reported",
  "report invalid": "report_invalid",
};

export function kindOf({ state, challenge, factors, report }: PageView): string {
  return [state, state === "challenge" ? challenge?.method : (factors ?? report)?.step].filter(Boolean).join(" ");
}
