import express, { type Request, type RequestHandler, type Response } from "express";
import session from "express-session";
import {
  type ChallengeResult,
  consoleProvider,
  type Duration,
  email,
  type ErrorCode,
  jwtProof,
  type LanguageTexts,
  type MethodFactory,
  memoryStore,
  outbox,
  require2fa,
  sessionProof,
  sms,
  smtp,
  totp,
  type Transaction,
  twoFactor,
  type TwoFactor,
  TwoFactorError,
  type TwoFactorOptions,
  voice,
  webhook,
} from "require2fa";

/** True only where two types are the same; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

declare module "express-session" {
  interface SessionData {
    userId: string;
  }
}

const app = express();
app.use(session({ secret: "s", resave: false, saveUninitialized: false }));

// --- twoFactor(options) -----------------------------------------------------------------------------------------------

const methods: MethodFactory[] = [
  totp({
    secret: async (userId) => {
      holds<Same<typeof userId, string>>();
      return null;
    },
    window: 0,
  }),
  sms(outbox(), { countries: ["SE"], ttl: "5m", digits: 6 }),
  voice([consoleProvider(), async (message) => ({ reference: message.idempotencyKey })]),
  email((message, { signal }) => void [message.subject, signal.aborted]),
];

const tfa = twoFactor({
  secret: ["new", "old"],
  user: (req) => {
    holds<Same<typeof req, Request>>();
    return req.session.userId;
  },
  contact: async (userId) => {
    holds<Same<typeof userId, string>>();
    return userId === "closed" ? null : { phone: "+46701740605", email: "ada@example.com", locale: "sv" };
  },
  methods,
  proof: [jwtProof({ secret: "s", algorithms: ["HS256"], expiresIn: "15m" }), sessionProof()],
  store: memoryStore(),
  allowMemoryStore: true,
  path: "/2fa",
  origin: ["https://example.com"],
  service: "Acme",
  page: { render: (view) => `<p nonce="${view.nonce}">` },
  limits: {
    sends: { spacing: ["30s", "60s"], perUser: [{ max: 5, interval: "10m" }], perPrefix: false },
    spend: { sms: { max: 20_000, interval: "1h" }, voice: false },
    failures: { perChallenge: 3, perNetwork: { max: 30, interval: "10m" }, lock: "15m" },
    named: { payouts: { by: "user", buckets: [{ max: 1, interval: "1h" }] } },
  },
  clock: () => 0,
  events: {
    "account.locked": ({ user, until }) => {
      holds<Same<typeof user, string>>();
      holds<Same<typeof until, number>>();
    },
  },
});
app.use(tfa);
app.use("/admin", tfa);
holds<Same<typeof tfa, TwoFactor>>();
const handler: RequestHandler = tfa;
void handler;

const base = { secret: process.env["SECRET"], user: () => "ada", contact: () => null, methods };
twoFactor(base);
twoFactor({ ...base, user: () => 7 });
twoFactor({ ...base, user: async () => undefined });
twoFactor({
  secret: "s",
  contact: () => null,
  methods,
  proof: jwtProof({ mode: "companion", publicKey: "pem", algorithms: ["ES256"] }),
});

// @ts-expect-error not an option
twoFactor({ ...base, method: [] });
// @ts-expect-error nobody to ask who it is about
twoFactor({ secret: "s", user: () => "ada", methods });
// @ts-expect-error no methods
twoFactor({ secret: "s", user: () => "ada", contact: () => null });
// @ts-expect-error a user is an id, not a row
twoFactor({ ...base, user: () => ({ id: 7 }) });
// @ts-expect-error the session knows no such thing
twoFactor({ ...base, user: (req) => req.session.userid });
// @ts-expect-error a contact has a phone, an e-mail address and a locale
twoFactor({ ...base, contact: () => ({ mobile: "+46701740605" }) });
// @ts-expect-error the method, called
twoFactor({ ...base, methods: [totp] });
// @ts-expect-error an interval without a unit
twoFactor({ ...base, limits: { sends: { perUser: [{ max: 5, interval: 600 }] } } });
// @ts-expect-error failed sends without any limit
twoFactor({ ...base, limits: { sends: { failed: false } } });
// @ts-expect-error no such channel
twoFactor({ ...base, limits: { spend: { fax: false } } });
twoFactor({ ...base, texts: { pl: { page: { attempts: { few: "{count}" } }, messages: {} }, ar: {} } });
// @ts-expect-error no language of ours
twoFactor({ ...base, texts: { nb: {} } });
// @ts-expect-error no such text
twoFactor({ ...base, texts: { de: { page: { buttons: {} } } } });
declare const norwegian: LanguageTexts;
twoFactor({ ...base, languages: { nb: norwegian } });
// @ts-expect-error a language is added whole
twoFactor({ ...base, languages: { nb: { page: norwegian.page } } });
// @ts-expect-error and so is its page
twoFactor({ ...base, languages: { nb: { ...norwegian, page: { heading: norwegian.page.heading } } } });
// @ts-expect-error no such event
twoFactor({ ...base, events: { "account.blocked": () => {} } });
// @ts-expect-error any algorithm is no algorithm
jwtProof({ secret: "s" });
// @ts-expect-error a secret does not sign with RSA
jwtProof({ secret: "s", algorithms: ["RS256"] });
// @ts-expect-error nor is "none" an algorithm
jwtProof({ secret: "s", algorithms: ["none"] });
// @ts-expect-error only one earlier step may be accepted
totp({ secret: () => null, window: 2 });
// @ts-expect-error a lifetime without a unit
sms(outbox(), { ttl: 300 });
// @ts-expect-error a mailbox has no country
email(outbox(), { countries: ["SE"] });
// @ts-expect-error a server is needed
smtp({});
// @ts-expect-error an address is needed
webhook({ secret: "s" });
webhook({ url: "https://messages.example.com/", secret: ["new", "old"], receipts: true });
sms({
  name: "acme",
  send: ({ idempotencyKey }) => ({ reference: idempotencyKey }),
  receipts: async ({ body, headers, url, now }) =>
    headers["x-signature"] === url
      ? { id: String(now), receipts: [{ message: new TextDecoder().decode(body), status: "delivered" }] }
      : undefined,
});

// --- require2fa(policy) -----------------------------------------------------------------------------------------------

app.get("/vault", require2fa(), (req: Request, res: Response) => {
  holds<Same<typeof req.twoFactor.verified, boolean>>();
  holds<Same<typeof req.twoFactor.methods, readonly string[]>>();
  holds<Same<typeof req.twoFactor.verifiedAt, Date | undefined>>();
  holds<Same<typeof req.twoFactor.expiresAt, Date | undefined>>();
  // @ts-expect-error a handler reads it and does not make it so
  req.twoFactor.verified = true;
  void req.twoFactor.clear().then(() => res.end());
});
app.use("/settings", require2fa({ maxAge: "1h" }));
express.Router().use(require2fa({ maxAge: 0 }));
const guard: RequestHandler = require2fa();
void guard;

// A guard knows no route, and takes nothing from what the handler after it knows of its own.
app.get("/c/:id", require2fa(), (req, res) => {
  holds<Same<typeof req.params.id, string>>();
  // @ts-expect-error the path has no such parameter
  void req.params.ids;
  res.end();
});
app.get<{ id: string }, { total: number }, never, { page: string }, { tenant: string }>(
  "/typed/:id",
  require2fa({ bind: (req) => ({ id: String(req.params["id"]) }) }),
  (req, res) => {
    holds<Same<typeof req.query.page, string>>();
    holds<Same<typeof res.locals.tenant, string>>();
    res.json({ total: Number(req.params.id) });
    // @ts-expect-error the answer has a total
    res.json({ sum: 1 });
  },
);
app.use("/typed", require2fa(), tfa);
express
  .Router()
  .route("/c/:id")
  .all(require2fa())
  .delete((req) => holds<Same<typeof req.params.id, string>>());

require2fa({
  maxAge: "5m",
  idle: "1m",
  methods: ["totp", "sms"],
  action: "payout",
  bind: (req) => {
    holds<Same<typeof req, Request>>();
    return { amount: 100, payee: "Grace", note: undefined };
  },
  when: async (req) => {
    holds<Same<typeof req, Request>>();
    return true;
  },
  onNotEnrolled: "enroll",
  machine: "allow",
  resume: false,
  limits: ["payouts"],
  reportOnly: true,
  status: 403,
});
require2fa({ methods: { allOf: ["totp", "sms"] } });
require2fa({ methods: "phishing-resistant" });

// @ts-expect-error a misspelt option
require2fa({ maxage: "5m" });
// @ts-expect-error seconds or milliseconds?
require2fa({ maxAge: 300 });
// @ts-expect-error no such unit
require2fa({ maxAge: "2w" });
// @ts-expect-error not a duration
require2fa({ idle: "soon" });
// @ts-expect-error a string from anywhere is not a duration yet
require2fa({ maxAge: process.env["MAX_AGE"] });
// @ts-expect-error no such method
require2fa({ methods: ["sms", "pigeon"] });
// @ts-expect-error a list
require2fa({ methods: "totp" });
// @ts-expect-error one or the other
require2fa({ methods: { anyOf: ["totp"] } });
// @ts-expect-error what is shown to a person is flat
require2fa({ bind: () => ({ payment: { amount: 1 } }) });
// @ts-expect-error only yes and no
require2fa({ when: () => "yes" });
// @ts-expect-error one of three
require2fa({ onNotEnrolled: "ask" });
// @ts-expect-error 401 or 403
require2fa({ status: 400 });

// --- the instance and the rest ----------------------------------------------------------------------------------------

export async function instance(): Promise<void> {
  const started = await tfa.challenges.start({ user: "ada", session: "s", transaction: { amount: 1 } });
  holds<Same<typeof started, ChallengeResult>>();
  if (started.ok) {
    holds<Same<typeof started.challenge.id, string>>();
    // @ts-expect-error a challenge that was opened has no reason
    void started.reason;
  } else {
    holds<Same<typeof started.reason, ErrorCode>>();
  }
  // @ts-expect-error whose challenge?
  await tfa.challenges.start({ user: "ada" });
  // @ts-expect-error a code is text: 012345 is not a number
  await tfa.challenges.verify({ user: "ada", session: "s", code: 12345 });

  await tfa.revoke("ada");
  await tfa.revoke(7);
  await tfa.close();
  tfa.events.on("proof.granted", (event) => void event.methods).on("fault", ({ where }) => void where);
  const open = tfa.audit(app).filter((route) => !route.guarded);
  holds<Same<(typeof open)[number]["path"], string>>();
}

const error = new TwoFactorError("wrong_code", { attemptsLeft: 4 });
holds<Same<typeof error.code, ErrorCode>>();
holds<Same<typeof error.status, number>>();

export const named: [Duration, Transaction, TwoFactorOptions] = ["30s", { payee: "Grace" }, base];
