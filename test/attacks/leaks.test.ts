/**
 * The attacker reads what nobody guards: the application's logs with every debug switch on, its error tracker and its
 * event stream, the bytes of answers that were meant for somebody else, a page in a cache, a redirect in a proxy's log, an
 * object that was printed while somebody was debugging. They search all of it, in every spelling they can think of, for a
 * code, for a secret, for a telephone number.
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { inspect } from "node:util";
import express, { type ErrorRequestHandler } from "express";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EventName } from "../../src/core/events.js";
import {
  email,
  jwtProof,
  memoryStore,
  outbox,
  require2fa,
  sessionProof,
  sms,
  totp,
  twoFactor,
  type TwoFactorOptions,
  voice,
} from "../../src/index.js";
import { CONTACTS, fixture, type Fixture, TOTP_SECRET } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";
import { type Answer, Site, Visitor } from "../helpers/burst.js";
import { found } from "../helpers/needles.js";

const said: string[] = vi.hoisted(() => {
  // before anything is loaded that looks at it
  process.env["DEBUG"] = "*";
  const words: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: string | Uint8Array): boolean => {
      words.push(String(chunk));
      return true;
    };
  }
  return words;
});
for (const method of ["log", "info", "warn", "error", "debug", "trace", "dir"] as const) {
  vi.spyOn(console, method).mockImplementation(
    (...words: unknown[]) => void said.push(inspect(words, { depth: Infinity })),
  );
}

const EVENTS: Record<EventName, true> = {
  "challenge.opened": true,
  "challenge.sent": true,
  "challenge.verified": true,
  "challenge.failed": true,
  "challenge.canceled": true,
  "challenge.refused": true,
  "verification.sent": true,
  "verification.verified": true,
  "verification.failed": true,
  "verification.canceled": true,
  "code.compared": true,
  "account.locked": true,
  "account.unlocked": true,
  "limit.exceeded": true,
  "spend.cap": true,
  "delivery.refused": true,
  "delivery.failed": true,
  "delivery.receipt": true,
  "receipt.refused": true,
  "factor.added": true,
  "factor.removed": true,
  "factor.renamed": true,
  "factor.disabled": true,
  "challenge.reported": true,
  "device.trusted": true,
  "device.used": true,
  "device.removed": true,
  "device.reused": true,
  "recovery.used": true,
  "recovery.renewed": true,
  "proof.granted": true,
  "proof.revoked": true,
  "guard.reported": true,
  "guard.refused": true,
  "store.unavailable": true,
  "store.recovered": true,
  "store.emptied": true,
  fault: true,
};

const PEPPER = randomBytes(32).toString("hex");
const SESSION_SECRET = "first factor, not ours";
const PHONES = ["+46707123456", "46707123456", "+46 70-712 34 56", "0707123456"];
const NAVIGATION = {
  accept: "text/html",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
  origin: "https://shop.example",
};

/** What was sent to clients, byte by byte. */
const sent: string[] = [];
/** What stays inside: events, errors, printed objects. */
const inside: string[] = [];
const codes = new Set<string>();
const tokens = new Set<string>();

function print(value: unknown): string {
  const options = {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
  } as const;
  let json: string;
  try {
    json = JSON.stringify(value) ?? "";
  } catch (error) {
    json = String(error);
  }
  return [
    inspect(value, options),
    inspect(value, { depth: Infinity }),
    json,
    String(value),
    typeof value === "object" && value !== null ? Object.entries(value).join() : "",
  ].join("\n");
}

function printError(error: unknown): string {
  const { message, stack, cause } = Object(error) as Record<string, unknown>;
  return [print(error), String(message), String(stack), print(cause)].join("\n");
}

/** A long code is found by nobody's luck: six digits stand in many a timestamp. */
const DIGITS = { digits: 12 } as const;

function collect(box: ReturnType<typeof outbox>): void {
  for (const { text, channel } of box.messages) {
    const code =
      channel === "voice" ? /\d(?:, \d){11}/.exec(text)?.[0].replaceAll(", ", "") : /^\d{12}/.exec(text)?.[0];
    if (code !== undefined) codes.add(code);
  }
}

/** The fixture, with everything it says written down. */
async function watched(shop: Fixture): Promise<Site> {
  for (const name of Object.keys(EVENTS) as EventName[]) {
    shop.tfa.events.on(name, (event: object) => {
      inside.push(print(event));
      if ("error" in event) inside.push(printError(event.error));
    });
  }
  const last: ErrorRequestHandler = (error, _req, res, _next) => {
    inside.push(printError(error));
    res.status(500).send(`${error.name}: ${error.message}\n${error.stack}`);
  };
  shop.app.use(last);
  const tapped = new WeakSet<Socket>();
  return Site.open((req, res) => {
    const { socket } = req;
    if (!tapped.has(socket)) {
      tapped.add(socket);
      const write = socket.write.bind(socket);
      socket.write = ((...args: Parameters<Socket["write"]>): boolean => {
        sent.push(typeof args[0] === "string" ? args[0] : Buffer.from(args[0]).toString("utf8"));
        return write(...args);
      }) as Socket["write"];
    }
    shop.app(req, res);
  });
}

const form = (fields: Record<string, string>) => ({ form: fields, headers: NAVIGATION });
const read = (visitor: Visitor, target: string): Promise<Answer> => visitor.get(target, NAVIGATION);

/** Every way a person can go, right and wrong. */
async function person(): Promise<void> {
  const box = outbox();
  let broken: "none" | "provider" | "store" | "contact" = "none";
  const provider = {
    name: "carrier",
    send(message: { text: string; to: string }) {
      box.send(message as never);
      if (broken === "provider")
        throw Object.assign(
          new Error(`Cannot POST {"to":"${message.to}","body":"${message.text}"}`, {
            cause: new Error(`retry ${message.text}`),
          }),
          { request: message, response: { body: message.text } },
        );
    },
  };
  const memory = memoryStore();
  const store = new Proxy(memory, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (broken === "store") throw new Error(`ECONNREFUSED while writing ${JSON.stringify(args).slice(0, 20)}`);
        return Reflect.apply(member, target, args);
      };
    },
  });
  const methods = [
    totp({ secret: (user) => (user === "grace" ? TOTP_SECRET : null) }),
    sms(provider, DIGITS),
    voice(provider, DIGITS),
    email(provider, DIGITS),
  ];
  const shop = fixture({
    secret: PEPPER,
    methods,
    store,
    limits: { sends: PLENTY.sends, failures: { perAccount: 100 } },
  });
  shop.contacts["ada"] = { phone: "+46 70-712 34 56", email: "ada@example.com" };
  shop.guard("/vault", { maxAge: "5m" });
  shop.guard("/reported", { reportOnly: true });
  shop.guard("/payout", { action: "payout", maxAge: 0 });
  shop.app.post(
    "/transfer",
    express.urlencoded({ extended: true }),
    express.json(),
    require2fa({ bind: (req) => ({ amount: req.body.amount, payee: req.body.payee }) }),
    shop.handler,
  );
  shop.app.get("/mine", require2fa(), (req, res) => {
    inside.push(print(req.twoFactor), print(Object.getOwnPropertyDescriptors(req.twoFactor)), print(req.session));
    res.json({ verifiedAt: req.twoFactor.verifiedAt, expiresAt: req.twoFactor.expiresAt });
  });
  const site = await watched(shop);
  const code = (): string => {
    collect(box);
    const { text = "", channel } = box.messages[0] ?? {};
    return (channel === "voice" ? /\d(?:, \d){11}/ : /^\d{12}/).exec(text)?.[0].replaceAll(", ", "") ?? "none";
  };
  const ada = await Visitor.login(site, "ada");
  await ada.get("/vault");
  await ada.get("/reported");
  await read(ada, "/vault?x=1");
  await read(ada, "/2fa");
  await ada.get("/2fa/status");
  await ada.post("/2fa/verify", { code: "123456789012" });
  await ada.send("POST", "/2fa/verify", form({ code: "000000000000" }));
  await ada.post("/2fa/verify", { code: "not a code" });
  await ada.post("/2fa/resend");
  shop.clock.tick(31_000);
  await ada.post("/2fa/resend", {}, { "idempotency-key": "one" });
  await ada.post("/2fa/resend", {}, { "idempotency-key": "one" });
  shop.clock.tick(61_000);
  await ada.post("/2fa/challenge", { method: "voice" });
  code();
  await ada.send("POST", "/2fa/challenge", form({ method: "email" }));
  await read(ada, "/2fa?sent");
  await ada.send("POST", "/2fa/verify", form({ code: code() }));
  await ada.get("/vault");
  await ada.get("/mine");
  await ada.get("/2fa/status?maxAge=5m");
  await ada.get("/payout");
  await ada.get("/payout", { "two-factor-code": "999999999999" });
  await ada.get("/payout", { "two-factor-code": code() });
  await ada.send("POST", "/transfer", form({ amount: "10", payee: "Bob" }));
  await read(ada, "/2fa");
  await ada.send("POST", "/2fa/verify", form({ code: code() }));
  await ada.send("POST", "/transfer", { json: { amount: 11, payee: "Bob" } });
  await ada.post("/2fa/cancel");
  await ada.post("/2fa/verify", { code: code() });

  const grace = await Visitor.login(site, "grace");
  await read(grace, "/vault");
  await grace.post("/2fa/verify", { code: "123456" });
  await grace.post("/2fa/challenge", { method: "sms" });
  code();

  for (const fault of ["provider", "store", "contact"] as const) {
    const bob = await Visitor.login(site, "bob");
    if (fault === "store") await bob.get("/vault");
    broken = fault;
    await bob.get("/vault");
    await read(bob, "/vault");
    await bob.post("/2fa/verify", { code: code() });
    await bob.post("/2fa/resend");
    await bob.post("/2fa/challenge", { method: "voice" });
    broken = "none";
    code();
  }
  await Promise.all([read(ada, "/2fa/nowhere"), ada.send("PUT", "/2fa/verify"), read(new Visitor(site), "/vault")]);
  inside.push(JSON.stringify((shop.sessions as unknown as { sessions: object }).sessions));
  inside.push(print(shop.tfa), print(shop.tfa.events), print(shop.tfa.challenges), print(shop.tfa.audit(shop.app)));
  inside.push(
    print(methods),
    print(provider),
    print(box),
    print(memory),
    print(require2fa({ maxAge: "5m" })),
    print(sessionProof()),
  );
  collect(box);
  await shop.tfa.close();
  await site.close();
}

/** The same for a program with a bearer token. */
async function program(): Promise<void> {
  const box = outbox();
  const shop = bearerFixture({ secret: PEPPER, methods: [sms(box, DIGITS)], limits: PLENTY });
  shop.guard("/vault");
  const site = await watched(shop);
  const client = new Visitor(site);
  const authorization = bearer(shop);
  tokens.add(authorization.slice("Bearer ".length));
  await client.get("/vault", { authorization });
  await client.get("/vault", { authorization: `${authorization}x` });
  collect(box);
  const code = [...codes].at(-1) ?? "";
  const { body } = await client.post("/2fa/verify", { code }, { authorization });
  if (typeof body["token"] !== "string") throw new Error("No token was issued.");
  tokens.add(body["token"]);
  await client.get("/vault", { authorization: `Bearer ${body["token"]}` });
  await client.get("/vault", { authorization: `Bearer ${body["token"].slice(0, -2)}` });
  inside.push(
    print(shop.tfa),
    print(jwtProof({ secret: "a secret for tokens, of 32 bytes and more", algorithms: ["HS256"] })),
  );
  await site.close();
}

/** Options that are refused: the sentence must not repeat what was wrong with a secret. */
function mistakes(): void {
  const right: TwoFactorOptions = { secret: PEPPER, user: () => "ada", contact: () => ({}), methods: [sms(outbox())] };
  const wrong: Partial<Record<keyof TwoFactorOptions, unknown>>[] = [
    { secret: PEPPER.slice(0, 20) },
    { secret: [PEPPER, PEPPER.slice(0, 20)] },
    { secret: Buffer.from(PEPPER) },
    { store: { name: PEPPER } },
    { methods: [PEPPER] },
    { proof: PEPPER },
  ];
  for (const options of wrong) {
    try {
      twoFactor({ ...right, ...(options as Partial<TwoFactorOptions>) });
      throw new Error(`Not refused: ${Object.keys(options).join()}`);
    } catch (error) {
      inside.push(printError(error));
    }
  }
  try {
    jwtProof({ secret: PEPPER.slice(0, 20), algorithms: ["HS256"] });
  } catch (error) {
    inside.push(printError(error));
  }
}

describe("B06, J01: what an attacker may read", () => {
  beforeAll(async () => {
    await person();
    await program();
    mistakes();
  }, 30_000);
  afterAll(() => void vi.restoreAllMocks());

  const secrets = (): string[] => [
    PEPPER,
    PEPPER.slice(0, 20),
    TOTP_SECRET,
    "Hello!\xde\xad\xbe\xef".repeat(2),
    SESSION_SECRET,
    "a secret for tokens, of 32 bytes and more",
  ];

  it("was collected at all: answers, pages, events, words of every library, and codes", () => {
    expect(sent.length).toBeGreaterThan(60);
    expect(sent.join("\n")).toMatch(/<!doctype html>/i);
    expect(sent.join("\n")).toContain("second_factor_required");
    expect(sent.join("\n")).toContain("delivery_failed");
    expect(sent.join("\n")).toContain('"unavailable"');
    expect(inside.length).toBeGreaterThan(60);
    expect(inside.join("\n")).toContain("Cannot POST");
    expect(said.join("\n")).toContain("express-session");
    expect(codes.size).toBeGreaterThanOrEqual(8);
    expect(tokens.size).toBe(2);
  });

  it("holds no code: not in a byte of an answer", () => {
    expect(found(sent.join("\n"), codes)).toEqual([]);
  });

  it("holds no code: not in a log, an event, an error or a printed object", () => {
    expect(found([...said, ...inside].join("\n"), codes)).toEqual([]);
  });

  it("holds no secret, anywhere", () => {
    expect(found([...said, ...inside, ...sent].join("\n"), secrets())).toEqual([]);
  });

  it("holds no token, but in the answer that issues it", () => {
    const [first = "", second = ""] = tokens;
    expect(found([...said, ...inside].join("\n"), [first, second])).toEqual([]);
    expect(found(sent.join("\n"), [first])).toEqual([]);
    expect(sent.filter((each) => each.includes(second))).toHaveLength(1);
  });

  it("holds no full telephone number and no full address", () => {
    const addresses = [
      ...PHONES,
      "ada@example.com",
      "grace@example.com",
      ...Object.values(CONTACTS).flatMap((contact) => contact?.phone ?? []),
    ];
    expect(found([...said, ...inside, ...sent].join("\n"), addresses)).toEqual([]);
    expect(sent.join("\n")).toContain("+46•••••••56");
  });

  it("holds no stack, path or name of a library in what strangers are told", () => {
    const answers = sent.join("\n");
    expect(answers).not.toContain("node_modules");
    expect(answers).not.toContain("/src/");
    expect(answers).not.toMatch(/\n {4}at /);
    expect(answers).not.toContain("ECONNREFUSED");
    expect(answers).not.toContain("Cannot POST");
  });
});
