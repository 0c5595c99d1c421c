/**
 * The attacker does not come through the login form: a remember-me cookie, a link to reset the password, a magic link, the
 * callback of another identity provider, an API key, Basic, an administrator who impersonates (scheb/two-factor-bundle#253;
 * Gitea's API path). However somebody logs in, they have proved a first factor and nothing more. A login that is added
 * and not named here fails the last test.
 */
import express, { type Express, type Request } from "express";
import session from "express-session";
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { outbox, require2fa, sms, twoFactor, type TwoFactor } from "../../src/index.js";

declare module "express-session" {
  interface SessionData {
    impersonator: string;
  }
}

type Agent = ReturnType<typeof request.agent>;

/** Every way to be logged in, and what has to be done for it. */
const LOGINS: Readonly<Record<string, (agent: Agent) => Promise<unknown>>> = {
  "POST /login": (agent) => agent.post("/login").send({ user: "ada" }).expect(200),
  "GET /remember": (agent) => agent.get("/remember").set("Cookie", "remember=ada").expect(200),
  "POST /reset/:token": (agent) => agent.post("/reset/a-token").send({ password: "new" }).expect(200),
  "GET /magic/:token": (agent) => agent.get("/magic/a-token").expect(200),
  "GET /oauth/callback": (agent) => agent.get("/oauth/callback?code=x&state=y&acr=mfa&amr=mfa").expect(200),
  "POST /impersonate": async (agent) => {
    await agent.post("/login").send({ user: "root" }).expect(200);
    await agent.post("/impersonate").send({ user: "ada" }).expect(200);
  },
};

/** Ways to be logged in for one request only. */
const CREDENTIALS: Readonly<Record<string, Record<string, string>>> = {
  "an API key": { "X-Api-Key": "ada" },
  "an API key and a one-time password": { "X-Api-Key": "ada", "X-OTP": "123456", "X-Gitea-OTP": "123456" },
  Basic: { Authorization: `Basic ${Buffer.from("ada:lovelace").toString("base64")}` },
};

let app: Express;
let tfa: TwoFactor;
let hits: number;
let box: ReturnType<typeof outbox>;
beforeEach(() => {
  hits = 0;
  box = outbox();
  app = express();
  app.use(session({ secret: "first factor", resave: false, saveUninitialized: false }), express.json());
  const enter =
    (user: string): express.RequestHandler =>
    (req, res) => {
      req.session.userId = user;
      res.json({});
    };
  app.post("/login", (req, res, next) => enter(String(req.body.user))(req, res, next));
  app.get("/remember", enter("ada"));
  app.post("/reset/:token", enter("ada"));
  app.get("/magic/:token", enter("ada"));
  app.get("/oauth/callback", enter("ada"));
  app.post("/impersonate", (req, res, next) => {
    req.session.impersonator = req.session.userId ?? "";
    enter(String(req.body.user))(req, res, next);
  });
  tfa = twoFactor({
    secret: "a secret of the fixture, 32 bytes and more",
    user: (req) => req.session.userId ?? byCredential(req),
    contact: () => ({ phone: "+46707123456" }),
    methods: [sms(box)],
  });
  app.use(tfa);
  app.all("/protected", require2fa(), (_req, res) => {
    hits += 1;
    res.json({ open: true });
  });
});

function byCredential(req: Request): string | undefined {
  const basic = /^Basic (.+)$/.exec(req.get("authorization") ?? "")?.[1];
  return req.get("x-api-key") ?? (basic && Buffer.from(basic, "base64").toString().split(":")[0]);
}

describe("somebody who came in by", () => {
  it.each(Object.entries(LOGINS))("A12 %s stands before the second factor", async (_name, login) => {
    const agent = request.agent(app);
    await login(agent);
    const { body } = await agent.get("/protected").expect(401);
    expect(body).toMatchObject({ code: "second_factor_required", reason: "missing" });
    await agent.post("/protected").send({}).expect(401);
    await agent.get("/protected").set("Accept", "text/html").expect(303).expect("Location", "/2fa");
    expect(hits).toBe(0);
  });

  it.each(Object.entries(CREDENTIALS))("A12 %s stands before the second factor", async (_name, headers) => {
    const { body } = await request(app).get("/protected").set(headers).expect(401);
    expect(body).toMatchObject({ code: "second_factor_required" });
    await request(app).post("/protected").set(headers).send({ verified: true }).expect(401);
    expect(hits).toBe(0);
  });

  it.each(Object.entries(LOGINS))("A12 %s after a full login loses what was proved before", async (_name, login) => {
    const agent = request.agent(app);
    await agent.post("/login").send({ user: "bob" }).expect(200);
    await agent.get("/protected").expect(401);
    const code = box.last()?.text.slice(0, 6);
    await agent.post("/2fa/verify").send({ code }).expect(200);
    await agent.get("/protected").expect(200);

    await login(agent);
    await agent.get("/protected").expect(401);
    expect(hits).toBe(1);
  });

  it("A12 an administrator's own proof is not the impersonated user's", async () => {
    const agent = request.agent(app);
    await agent.post("/login").send({ user: "root" }).expect(200);
    await agent.get("/protected").expect(401);
    await agent
      .post("/2fa/verify")
      .send({ code: box.last()?.text.slice(0, 6) })
      .expect(200);
    await agent.post("/impersonate").send({ user: "ada" }).expect(200);
    await agent.get("/protected").expect(401);
    // and coming back does not bring it back
    await agent.post("/impersonate").send({ user: "root" }).expect(200);
    await agent.get("/protected").expect(401);
    expect(hits).toBe(0);
  });
});

it("A12 every route of the app is a login that is tested here, or guarded", () => {
  const routes = tfa.audit(app);
  const open = routes.filter(({ guarded }) => !guarded).map(({ method, path }) => `${method} ${path}`);
  expect(open.sort()).toEqual(Object.keys(LOGINS).sort());
  expect(new Set(routes.filter(({ guarded }) => guarded).map(({ path }) => path))).toEqual(new Set(["/protected"]));
});

it("A12 a route for every method is one line of that list: ALL", () => {
  const routes = tfa.audit(app).filter(({ path }) => path === "/protected");
  expect(routes).toEqual([{ method: "ALL", path: "/protected", guarded: true, policies: [{}] }]);
});
