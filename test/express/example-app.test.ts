import jwt from "jsonwebtoken";
import { generateSync } from "otplib";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type BankApp, createApp } from "../../example-app/app.js";
import { readSettings } from "../../example-app/settings.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";

const ADA = { username: "ada", password: "lovelace" };
const GRACE = { username: "grace", password: "hopper" };
const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const JWT_SECRET = "a secret for bearer tokens, of 32 bytes and more";
const HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

type Agent = ReturnType<typeof request.agent>;

interface Message {
  readonly to: string;
  readonly channel: string;
  readonly text: string;
  readonly at: string;
}

let bank: BankApp;
let clock: FakeClock;

function open(env: Record<string, string> = {}, notes: string[] = []): BankApp {
  const settings = readSettings({ JWT_SECRET, ...env }, (note) => notes.push(note));
  return createApp({ settings, clock });
}

beforeEach(() => {
  clock = fakeClock();
  bank = open();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function loggedIn(credentials = ADA): Promise<Agent> {
  const agent = request.agent(bank.app);
  await agent.post("/login").send(credentials).expect(200);
  return agent;
}

async function messages(): Promise<Message[]> {
  const { body } = await request(bank.app).get("/outbox").expect(200).expect("Content-Type", /json/);
  return body as Message[];
}

async function code(): Promise<string> {
  const [newest] = await messages();
  return /\d{6,8}/.exec(newest?.text ?? "")?.[0] ?? expect.unreachable("no code was sent");
}

/** What `Set-Cookie` says of the session. */
function cookieOf(response: request.Response): string {
  return String(response.get("Set-Cookie"));
}

describe("the login", () => {
  it("answers JSON with JSON", async () => {
    const response = await request(bank.app).post("/login").send(ADA).expect(200);
    expect(response.body).toEqual({ username: "ada", name: "Ada Lovelace" });
    expect(cookieOf(response)).toMatch(/HttpOnly/);
    expect(cookieOf(response)).toMatch(/SameSite=Lax/);
  });

  it("answers a form with a redirect home", async () => {
    await request(bank.app).post("/login").type("form").send(ADA).expect(303).expect("Location", "/");
  });

  it.each([
    { username: "ada", password: "hopper" },
    { username: "ada", password: "" },
    { username: "eve", password: "lovelace" },
    { username: ["ada"], password: { length: 8 } },
    {},
  ])("refuses %j, in JSON and as a form", async (credentials) => {
    await request(bank.app).post("/login").send(credentials).expect(401).expect("Content-Type", /json/);
    const page = await request(bank.app).post("/login").type("form").send(credentials).expect(401);
    expect(page.text).toContain("Wrong username or password.");
    expect(cookieOf(page)).not.toContain("fjord=");
  });

  it("gives every login a session of its own, and takes it away again", async () => {
    const agent = request.agent(bank.app);
    const first = cookieOf(await agent.post("/login").send(ADA));
    const second = cookieOf(await agent.post("/login").send(ADA));
    expect(second).not.toBe(first);
    await agent.post("/logout").expect(204);
    await agent.get("/vault").expect(401);
    const again = await loggedIn();
    await again.post("/logout").set("Accept", HTML).type("form").expect(303).expect("Location", "/");
  });

  it("is where a person is sent who is not logged in; a program is told", async () => {
    await request(bank.app).get("/vault").set("Accept", HTML).expect(303).expect("Location", "/");
    await request(bank.app).post("/transfer").set("Accept", HTML).type("form").send({}).expect(303);
    for (const response of [
      await request(bank.app).get("/vault"),
      await request(bank.app).post("/transfer").send({ amount: 1, payee: "Bob" }),
      await request(bank.app).get("/api/vault").set("Authorization", "Bearer nonsense"),
      await request(bank.app).post("/api/transfer").send({ amount: 1, payee: "Bob" }),
    ]) {
      expect(response.status).toBe(401);
      expect(response.body).toMatchObject({ code: "first_factor_required" });
    }
    expect(await messages()).toEqual([]);
  });
});

describe("with a session", () => {
  it("opens the vault for a quarter of an hour", async () => {
    const agent = await loggedIn();
    const { body } = await agent
      .get("/vault")
      .expect(401)
      .expect("Content-Type", /problem\+json/);
    expect(body).toMatchObject({
      code: "second_factor_required",
      reason: "missing",
      maxAge: 900,
      challenge: { method: "sms", to: "+46•••••••56", attemptsLeft: 5 },
    });
    const [message] = await messages();
    expect(message).toEqual({
      to: "+46707123456",
      channel: "sms",
      text: expect.stringMatching(/^\d{6} is your Fjord Bank code\./),
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await agent
      .post("/2fa/verify")
      .send({ code: await code() })
      .expect(200);
    const vault = await agent.get("/vault").expect(200);
    expect(vault.body).toMatchObject({ methods: ["sms"], vault: expect.arrayContaining([expect.any(String)]) });

    clock.tick(15 * 60_000 + 1);
    const { body: late } = await agent.get("/vault").expect(401);
    expect(late).toMatchObject({ reason: "expired" });
  });

  it("takes the code with the request as well", async () => {
    const agent = await loggedIn();
    await agent.post("/transfer").send({ amount: "10.00", payee: "Bob" }).expect(401);
    const { body } = await agent
      .post("/transfer")
      .set("Two-Factor-Code", await code())
      .send({ amount: "10.00", payee: "Bob" })
      .expect(200);
    expect(body).toMatchObject({ transfer: { amount: "10.00", payee: "Bob" }, balance: "184305.20" });
  });

  it("asks for every transfer anew and makes each once", async () => {
    const agent = await loggedIn();
    const ten = { amount: "10.00", payee: "Bob" };
    await agent.post("/transfer").send(ten).expect(401);
    expect((await messages())[0]?.text).toContain("It approves: transfer, amount: €10.00, payee: Bob.");
    await agent
      .post("/2fa/verify")
      .send({ code: await code() })
      .expect(200);
    await agent.post("/transfer").send(ten).expect(200);

    const { body: again } = await agent.post("/transfer").send(ten).expect(401);
    expect(again).toMatchObject({ code: "second_factor_required", reason: "consumed" });
    await agent
      .post("/2fa/verify")
      .send({ code: await code() })
      .expect(200);
    const { body: other } = await agent
      .post("/transfer")
      .send({ ...ten, amount: "20.00" })
      .expect(401);
    expect(other).toMatchObject({ code: "second_factor_required", reason: "mismatch" });
    expect((await messages())[0]?.text).toContain("amount: €20.00");

    const home = await agent.get("/").set("Accept", HTML).expect(200);
    expect(home.text.match(/<span class="name">Bob<\/span>/g)).toHaveLength(1);
    expect(home.text).toContain("€184,305.20");
  });

  it("makes one transfer of fifty approved at once", async () => {
    const agent = await loggedIn();
    const order = { amount: 10, payee: "Bob" };
    await agent.post("/transfer").send(order).expect(401);
    await agent
      .post("/2fa/verify")
      .send({ code: await code() })
      .expect(200);
    const answers = await Promise.all(Array.from({ length: 50 }, () => agent.post("/transfer").send(order)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49);
  });

  it("sends an interrupted form once more, from the person's own browser", async () => {
    const agent = await loggedIn();
    const form = { amount: "12.50", payee: `<Bob> & "Söhne"` };
    await agent.post("/transfer").set("Accept", HTML).type("form").send(form).expect(303).expect("Location", "/2fa");
    const page = await agent.get("/2fa").set("Accept", HTML).expect(200);
    expect(page.text).toContain("€12.50");
    expect(page.text).toContain("&lt;Bob&gt; &amp; &quot;Söhne&quot;");
    const done = await agent
      .post("/2fa/verify")
      .set("Accept", HTML)
      .type("form")
      .send({ code: await code() })
      .expect(200);
    expect(done.text).toContain('action="/transfer"');
    await agent
      .post("/transfer")
      .set("Accept", HTML)
      .type("form")
      .send(form)
      .expect(303)
      .expect("Location", "/?done=1");
    const home = await agent.get("/?done=1").set("Accept", HTML).expect(200);
    expect(home.text).toContain("€12.50 went to &lt;Bob&gt; &amp; &quot;Söhne&quot;.");
    expect(home.text).not.toContain("<Bob>");
  });

  it.each([
    [{ amount: "0", payee: "Bob" }, "above zero"],
    [{ amount: "-1", payee: "Bob" }, "above zero"],
    [{ amount: "1e3", payee: "Bob" }, "above zero"],
    [{ amount: ["1"], payee: "Bob" }, "above zero"],
    [{ payee: "Bob" }, "above zero"],
    [{ amount: "1", payee: " " }, "payee"],
    [{ amount: "1", payee: "Bob\u202e" }, "payee"],
    [{ amount: "999999999", payee: "Bob" }, "not enough"],
  ])("asks nobody to approve %j", async (order, why) => {
    const agent = await loggedIn();
    const { body } = await agent.post("/transfer").send(order).expect(400);
    expect(body.error).toContain(why);
    const page = await agent.post("/transfer").set("Accept", HTML).send(order).expect(400);
    expect(page.text).toContain(why);
    expect(await messages()).toEqual([]);
  });

  it("knows the code of an authenticator app", async () => {
    const agent = await loggedIn(GRACE);
    const { body } = await agent.get("/vault").expect(401);
    expect(body).toMatchObject({ challenge: { method: "totp" }, methods: ["totp", "sms", "email"] });
    const totp = generateSync({ secret: TOTP_SECRET, epoch: clock() / 1000 });
    await agent.get("/vault").set("Two-Factor-Code", totp).expect(200);
    expect(await messages()).toEqual([]);
  });

  it("lets one play for an hour", async () => {
    const agent = await loggedIn();
    for (let amount = 1; amount <= 120; amount += 1) {
      const order = { amount, payee: "Bob" };
      await agent.post("/transfer").send(order).expect(401);
      await agent
        .post("/transfer")
        .set("Two-Factor-Code", await code())
        .send(order)
        .expect(200);
      clock.tick(30_000);
    }
  });
});

describe("with a bearer token", () => {
  async function token(credentials = ADA): Promise<string> {
    const { body } = await request(bank.app).post("/api/login").send(credentials).expect(200);
    return String(body.token);
  }

  it("has the same vault", async () => {
    const first = await token();
    const { body } = await request(bank.app).get("/api/vault").auth(first, { type: "bearer" }).expect(401);
    expect(body).toMatchObject({ code: "second_factor_required", reason: "missing" });
    const answer = await request(bank.app)
      .post("/2fa/verify")
      .auth(first, { type: "bearer" })
      .send({ code: await code() })
      .expect(200);
    const second = String(answer.body.token);
    await request(bank.app).get("/api/vault").auth(second, { type: "bearer" }).expect(200);
    await request(bank.app).get("/api/vault").auth(first, { type: "bearer" }).expect(401);
    expect(jwt.decode(second)).toMatchObject({ sub: "ada", amr: ["sms", "mfa"] });
  });

  it("transfers once", async () => {
    const order = { amount: 99.5, payee: "Bob" };
    const first = await token(GRACE);
    await request(bank.app).post("/api/transfer").auth(first, { type: "bearer" }).send(order).expect(401);
    const answer = await request(bank.app)
      .post("/2fa/verify")
      .auth(first, { type: "bearer" })
      .send({ code: generateSync({ secret: TOTP_SECRET, epoch: clock() / 1000 }) })
      .expect(200);
    const post = () => request(bank.app).post("/api/transfer").auth(String(answer.body.token), { type: "bearer" });
    const answers = await Promise.all([post().send(order), post().send(order), post().send(order)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    const { body } = await post()
      .send({ ...order, amount: 100 })
      .expect(401);
    expect(body).toMatchObject({ code: "second_factor_required" });
  });

  it.each([
    ["signed with another secret", { sub: "ada", iss: "https://fjord.example" }, "x".repeat(32), {}],
    ["of another issuer", { sub: "ada", iss: "https://evil.example" }, JWT_SECRET, {}],
    ["that has expired", { sub: "ada", iss: "https://fjord.example" }, JWT_SECRET, { expiresIn: -60 }],
    ["signed another way", { sub: "ada", iss: "https://fjord.example" }, JWT_SECRET, { algorithm: "HS512" as const }],
  ])("refuses one %s", async (_what, claims, secret, options) => {
    const iat = Math.floor(clock() / 1000);
    const forged = jwt.sign({ ...claims, iat }, secret, { expiresIn: 600, ...options });
    const { body } = await request(bank.app).get("/api/vault").auth(forged, { type: "bearer" }).expect(401);
    expect(body).toMatchObject({ code: "first_factor_required" });
  });

  it("refuses a wrong password", async () => {
    await request(bank.app)
      .post("/api/login")
      .send({ ...ADA, password: "hopper" })
      .expect(401);
  });

  it("speaks for its own user, whoever has a session beside it", async () => {
    const agent = await loggedIn(GRACE);
    await agent
      .get("/api/vault")
      .auth(await token(), { type: "bearer" })
      .expect(401);
    expect((await messages())[0]?.to).toBe("+46707123456");
  });
});

describe("the outbox", () => {
  it("is a phone for people, newest message first, and a list for programs", async () => {
    const agent = await loggedIn();
    await agent.post("/transfer").send({ amount: 10, payee: "<b>Bob</b>" }).expect(401);
    await agent.get("/vault").expect(401);
    const page = await agent.get("/outbox").set("Accept", HTML).expect(200).expect("Content-Type", /html/);
    expect(page.text.match(/class="bubble"/g)).toHaveLength(2);
    expect(page.text).toContain("&lt;b&gt;Bob&lt;/b&gt;");
    const [newest, oldest] = await messages();
    expect(newest?.text).not.toContain("Bob");
    expect(oldest?.text).toContain("Bob");
  });
});

describe("in production", () => {
  beforeEach(() => vi.stubEnv("NODE_ENV", "production"));
  const production = { NODE_ENV: "production" };

  it("does not run with messages that reach nobody", () => {
    expect(() => open(production)).toThrow(/outbox\(\) shows every code in clear/);
  });

  it("runs with e-mail by SMTP, and then there is no outbox", async () => {
    bank = open({ ...production, SMTP_URL: "smtp://127.0.0.1:1" });
    const agent = await loggedIn();
    await agent.get("/outbox").expect(404);
    await agent.get("/outbox").set("Accept", HTML).expect(404);
    expect((await agent.get("/").set("Accept", HTML)).text).not.toContain("outbox");
    const { body } = await agent.get("/vault").expect(502);
    expect(body).toMatchObject({ code: "delivery_failed", challenge: { method: "email" } });
  });
});

describe("the settings", () => {
  it("invents the secrets that are missing, and says so", () => {
    const notes: string[] = [];
    const one = readSettings({ JWT_SECRET }, (note) => notes.push(note));
    const two = readSettings({ JWT_SECRET }, () => {});
    expect(notes).toEqual([expect.stringMatching(/^SESSION_SECRET, TWO_FACTOR_SECRET: not set/)]);
    expect(one.secrets.token).toBe(JWT_SECRET);
    expect(one.secrets.twoFactor).not.toBe(two.secrets.twoFactor);
    expect(notes.join()).not.toContain(one.secrets.twoFactor);
  });

  it("says nothing where there is nothing to say", () => {
    const env = { JWT_SECRET, SESSION_SECRET: "s", TWO_FACTOR_SECRET: "t" };
    readSettings(env, (note) => expect.unreachable(note));
  });
});

describe("every page", () => {
  it("is locked down and not kept", async () => {
    const agent = await loggedIn();
    for (const path of ["/", "/outbox", "/nowhere"]) {
      const { headers } = await agent.get(path).set("Accept", HTML);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-/);
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["x-powered-by"]).toBeUndefined();
    }
  });

  it("answers what it cannot read with 400, and tells nothing of itself", async () => {
    const broken = () => request(bank.app).post("/login").type("json").send('{"username":');
    expect((await broken().expect(400)).body).toEqual({ error: "The request could not be read." });
    expect((await broken().set("Accept", HTML).expect(400)).text).not.toContain("node_modules");
  });
});

it("guards every route that needs it", () => {
  const guarded = bank.tfa.audit(bank.app).filter((route) => route.guarded);
  expect(guarded.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    "GET /api/vault",
    "GET /statement",
    "GET /vault",
    "POST /api/transfer",
    "POST /transfer",
  ]);
});
