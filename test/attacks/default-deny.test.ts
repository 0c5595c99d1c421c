/**
 * The attacker has the password and no second factor, and looks for a spelling of the protected path that the guard does
 * not recognise but the router does: another method, a double slash, capitals, percent signs, a way through a parent
 * directory, a websocket upgrade (GHSA-x732-6j76-qmhm). The door is shut on all of them.
 */
import express, { type Express, type RequestHandler } from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { require2fa } from "../../src/index.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { Site, Visitor } from "../helpers/burst.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const BROWSER = { accept: "text/html" };

/** Ways to put a handler behind a guard. */
const DOORS: Readonly<Record<string, (app: Express, handler: RequestHandler) => void>> = {
  "a route for every method": (app, handler) => void app.all("/protected", require2fa(), handler),

  "a route for each method": (app, handler) =>
    void app
      .route("/protected")
      .get(require2fa(), handler)
      .post(require2fa(), handler)
      .put(require2fa(), handler)
      .patch(require2fa(), handler)
      .delete(require2fa(), handler),

  "a guard on a path": (app, handler) => void app.use("/protected", require2fa()).use("/protected", handler),

  "a guarded router": (app, handler) => {
    const router = express.Router();
    router.use(require2fa());
    router.all("/", handler);
    app.use("/protected", router);
  },

  "a guarded app inside the app": (app, handler) => {
    const inner = express();
    inner.use(require2fa());
    inner.use(handler);
    app.use("/protected", inner);
  },

  "a guard in front of everything": (app, handler) => void app.use(require2fa(), handler),
};

/** Every one of them is the protected route, or nothing at all. */
const SPELLINGS = [
  "/protected",
  "/protected/",
  "/protected?x=1",
  "//protected",
  "/PROTECTED",
  "/%70rotected",
  "/%2570rotected",
  "/x/../protected",
  "/./protected",
  "/protected/.",
  "/protected;a",
  "/protected%00",
  "/protected%2f",
  "/protected%20",
  "/protected\\",
  "/protected#x",
  "http://shop.example/protected",
  "/%E0%A4%A",
];

/** Those that every Express takes for the route itself. */
const EXACT = ["/protected", "/protected/", "/protected?x=1", "/PROTECTED", "http://shop.example/protected"];

describe.each(Object.entries(DOORS))("%s, to somebody with the first factor only", (_name, build) => {
  let shop: Fixture;
  let site: Site;
  let visitor: Visitor;
  beforeAll(async () => {
    shop = fixture();
    build(shop.app, shop.handler);
    site = await Site.open(shop.app);
    visitor = await Visitor.login(site, "ada");
  });
  afterAll(() => site.close());

  it.each(METHODS)("A01 stays shut for %s, however the path is spelled", async (method) => {
    for (const target of SPELLINGS) {
      for (const headers of [{}, BROWSER]) {
        const { status } = await visitor.send(method, target, { headers });
        expect([303, 400, 401, 404], `${method} ${target}`).toContain(status);
      }
    }
    expect(shop.counters).toMatchObject({ handlerHits: 0, grants: 0, faults: [] });
  });

  it.each(METHODS)("A01 answers %s with a problem to a program and with the page to a person", async (method) => {
    for (const target of EXACT) {
      const problem = await visitor.send(method, target);
      expect(problem.status, `${method} ${target}`).toBe(401);
      expect(problem.headers["content-type"]).toMatch("application/problem+json");
      expect(problem.headers["cache-control"]).toBe("no-store");
      const page = await visitor.send(method, target, { headers: BROWSER });
      // a HEAD leads nowhere: nobody looks at what it is answered with
      expect(page.status, `${method} ${target}`).toBe(method === "HEAD" ? 401 : 303);
    }
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A01 stays shut for a websocket upgrade", async () => {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const { status } = await visitor.get("/protected", { ...headers, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" });
    expect(status).toBe(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A01 stays shut for a method in a header, a query or a body", async () => {
    const ways = [
      () => visitor.post("/protected", { _method: "OPTIONS" }),
      () => visitor.post("/protected?_method=OPTIONS"),
      () => visitor.post("/protected", {}, { "x-http-method-override": "OPTIONS", "x-method-override": "OPTIONS" }),
    ];
    for (const way of ways) expect((await way()).status).toBe(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A01 stays shut for somebody who is not logged in at all", async () => {
    for (const target of SPELLINGS) {
      const { status } = await new Visitor(site).get(target);
      expect([400, 401, 404], target).toContain(status);
    }
    expect(shop.counters.handlerHits).toBe(0);
  });
});

it("A01 lets a preflight pass, which carries no credentials, and Express answers it without the handler", async () => {
  const shop = fixture();
  shop.app.get("/protected", require2fa(), shop.handler);
  const site = await Site.open(shop.app);
  const visitor = await Visitor.login(site, "ada");
  const { status, headers } = await visitor.send("OPTIONS", "/protected");
  expect(status).toBe(200);
  expect(headers["allow"]?.split(/, ?/)).toEqual(["GET", "HEAD"]);
  expect(shop.counters.handlerHits).toBe(0);
  await site.close();
});
