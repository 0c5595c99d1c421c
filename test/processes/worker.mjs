// One of several processes of an app. It tells the test that started it what happens, and does what it is told.
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import session from "express-session";
import { require2fa, sms, totp, twoFactor } from "../../dist/index.js";
import { flawed } from "./flawed.mjs";

/** Where store and sessions are, how far the clock is off, how long a code lives. */
const { STORE_URL, SESSIONS_URL, OFFSET = "0", TTL = "5m", ROLLING } = process.env;

const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const A_MILLION = [{ max: 1_000_000, interval: "10m" }];
const delay = monitorEventLoopDelay({ resolution: 20 });
delay.enable();
const tell = (...event) => process.connected && process.send({ event });
/** What to end when the process is to end. */
const ends = { store: [], sessions: [] };

async function redisClient(url, whose) {
  const { createClient } = await import("redis");
  // By itself the client would wait for up to two seconds before it looks for its server again.
  const client = createClient({ url, socket: { reconnectStrategy: 100 } }).on("error", () => undefined);
  await client.connect();
  whose.push(() => client.destroy());
  return client;
}

async function postgresPool(url, whose, max, connectionTimeoutMillis) {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis });
  pool.on("error", () => undefined);
  whose.push(() => pool.end());
  return pool;
}

async function openStore(url) {
  if (url.startsWith("redis:")) {
    const { redisStore } = await import("../../dist/redis.js");
    return redisStore(await redisClient(url, ends.store));
  }
  const { postgresStore } = await import("../../dist/postgres.js");
  const store = postgresStore(await postgresPool(url, ends.store, 6, 1_000));
  await store.migrate();
  return store;
}

async function openSessions(url) {
  if (url.startsWith("redis:")) {
    const { RedisStore } = await import("connect-redis");
    return new RedisStore({ client: await redisClient(url, ends.sessions) });
  }
  const { default: connect } = await import("connect-pg-simple");
  const Store = connect(session);
  const pool = await postgresPool(url, ends.sessions, 4, 15_000);
  return new Store({ pool, pruneSessionInterval: false, errorLog: () => undefined });
}

function send({ to, text, idempotencyKey }) {
  tell("sent", to, /^\d{6}/.exec(text)[0], idempotencyKey);
}

/** Its webhooks; what a signature has to be is no matter of these tests. */
function receipts({ body }) {
  return JSON.parse(Buffer.from(body).toString());
}

/** The steps of the store that are broken at the moment. */
const flaws = new Set();
const store = await openStore(STORE_URL);
const sessions = await openSessions(SESSIONS_URL);
const tfa = twoFactor({
  secret: "a secret of the tests that is long enough",
  user: (req) => req.session.userId,
  contact: (user) => ({ phone: `+4670${1_000_000 + Number(/\d+$/.exec(user)[0])}` }),
  methods: [
    totp({ secret: (user) => (user.startsWith("totp") ? TOTP_SECRET : null) }),
    sms({ name: "carrier", send, receipts }, { ttl: TTL }),
  ],
  limits: {
    sends: { perUser: A_MILLION, perDestination: A_MILLION, perPrefix: false },
    spend: { sms: false },
    // everybody comes from one address here
    failures: { perNetwork: false },
  },
  clock: () => Date.now() + Number(OFFSET),
  store: flawed(store, flaws),
});

tfa.events
  .on("challenge.opened", ({ challenge, user }) => tell("opened", challenge, user))
  .on("challenge.sent", ({ challenge, user }) => tell("delivered", challenge, user))
  .on("challenge.verified", ({ challenge, user }) => tell("verified", challenge, user))
  .on("challenge.canceled", ({ challenge, user }) => tell("canceled", challenge, user))
  .on("code.compared", ({ challenge }) => tell("compared", challenge))
  .on("proof.granted", ({ user }) => tell("granted", user))
  .on("delivery.receipt", ({ challenge }) => tell("receipt", challenge))
  .on("account.locked", ({ user }) => tell("locked", user))
  .on("store.unavailable", ({ error }) => tell("unavailable", String(error)))
  .on("store.recovered", ({ down }) => tell("recovered", down))
  .on("fault", ({ where, error }) => tell("fault", where, String(error)));
process.on("unhandledRejection", (error) => tell("rejection", String(error)));
process.on("warning", ({ code, message }) => tell("warning", code ?? message));

const app = express();
app.disable("x-powered-by");
app.get("/healthz", (_req, res) => res.json({ ok: true }));
app.use((req, _res, next) => {
  tell("arrived", req.path);
  next();
});
app.use(
  session({
    store: sessions,
    secret: "first factor, not ours",
    resave: false,
    saveUninitialized: false,
    rolling: ROLLING !== undefined,
  }),
);
app.use(tfa);
app.post("/logout", (req, res, next) => {
  if (req.session.userId === undefined) return res.sendStatus(401);
  req.session.destroy((error) => (error ? next(error) : res.sendStatus(204)));
});
app.get("/who", (req, res) => res.json({ user: req.session.userId ?? null, verified: req.twoFactor.verified }));
/** Loads its session, dawdles, and writes it back. */
app.get("/slow/:kind", async (req, res) => {
  await pause(5 + Math.random() * 60);
  if (req.params.kind === "0") req.session.cart = ["slow"];
  if (req.params.kind === "1") req.session.touch();
  if (req.params.kind === "2") await new Promise((resolve) => req.session.save(resolve));
  res.json({ user: req.session.userId ?? null });
});

const vault = (req, res) => {
  tell("hit", req.session.userId);
  res.json({ ok: true });
};
app.post("/login", express.json(), (req, res) => {
  req.session.userId = String(req.body.user);
  res.sendStatus(204);
});
/** The first factor, and straight on to the door of the second: one request instead of two. */
app.post("/enter", express.json(), (req, _res, next) => {
  req.session.userId = String(req.body.user);
  next();
});
app.post("/enter", require2fa(), vault);
app.get("/vault", require2fa(), vault);

const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
server.keepAliveTimeout = 60_000;

let isEnding = false;

/** As an app ends that wants to lose nothing: no `process.exit()`. */
async function end() {
  isEnding = true;
  const closed = new Promise((resolve) => server.close(resolve));
  await tfa.close();
  // from here on the package asks for nothing; express-session may still be writing
  for (const each of ends.store) await each();
  server.closeIdleConnections();
  await closed;
  for (const each of ends.sessions) await each();
}

const tasks = {
  /** Answered when everything before it has been told; with the longest time that this process was kept waiting itself. */
  settle: async () => delay.max / 1e6,
  revoke: (user) => tfa.revoke(user),
  break: async (step) => void flaws.add(step),
  mend: async () => flaws.clear(),
  /** Whether the store of sessions has this one. */
  session: (id) =>
    new Promise((resolve, reject) => sessions.get(id, (e, found) => (e ? reject(e) : resolve(found ?? null)))),
  /** What still holds the process a moment after it has closed, beside the pipe to the test. */
  close: async () => {
    await end();
    const holding = () => process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap");
    for (let tries = 0; tries < 50 && holding().length > 0; tries += 1) await pause(10);
    return holding();
  },
};

process.on("message", ({ number, task, given }) => {
  tasks[task](given).then(
    (answer) => process.send({ number, answer }, () => task === "close" && process.disconnect()),
    (error) => process.send({ number, error: String(error) }),
  );
});
// whoever started this process is gone
process.once("disconnect", () => !isEnding && process.exit(1));
process.once("SIGTERM", () => void end().then(() => process.disconnect()));
process.send({ port: server.address().port });
