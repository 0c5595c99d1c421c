// One of several processes of an app: does what the test that started it says, and says what it sends.
import { sms, twoFactor } from "../../dist/index.js";

const { REDIS_URL, DATABASE_URL } = process.env;
const now = () => performance.timeOrigin + performance.now();

async function onRedis() {
  const { Queue, Worker } = await import("bullmq");
  const { Redis } = await import("ioredis");
  const { bullmqScheduler, redisStore } = await import("../../dist/redis.js");
  const client = new Redis(REDIS_URL, { enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true });
  await client.connect();
  const scheduler = bullmqScheduler({ Queue, Worker, connection: { url: REDIS_URL } });
  return { store: redisStore(client), scheduler, end: async () => client.disconnect() };
}

async function onPostgres() {
  const { default: PgBoss } = await import("pg-boss");
  const { default: pg } = await import("pg");
  const { pgBossScheduler, postgresStore } = await import("../../dist/postgres.js");
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 8, connectionTimeoutMillis: 1_000 });
  const boss = new PgBoss({ connectionString: DATABASE_URL, max: 3 });
  boss.on("error", () => undefined);
  await boss.start();
  const store = postgresStore(pool);
  await store.migrate();
  const end = async () => {
    await boss.stop({ graceful: false });
    await pool.end();
  };
  return { store, scheduler: pgBossScheduler(boss, { poll: "100ms" }), end };
}

const { store, scheduler, end } = await (REDIS_URL ? onRedis() : onPostgres());
const tfa = twoFactor({
  secret: "a secret of the tests that is long enough",
  user: () => undefined,
  contact: () => null,
  methods: [sms(({ to, text }) => process.send({ sent: { to, code: /\d{6}/.exec(text)[0], at: now() } }))],
  workflows: {
    insist: [
      { channel: "sms", interval: 0 },
      { channel: "sms", interval: "2500ms" },
    ],
  },
  limits: { sends: { perPrefix: false }, spend: { sms: false } },
  store,
  scheduler,
});

const tasks = {
  async start(to) {
    const started = await tfa.verifications.start({ to, workflow: "insist" });
    return started.ok ? started.verification.id : started.reason;
  },
  /** At this moment, by the clock of the machine. A store that is too slow on a busy machine is asked again. */
  async check({ id, code, at }, tries = 5) {
    await new Promise((resolve) => setTimeout(resolve, at - now()));
    try {
      const { ok, reason } = await tfa.verifications.check({ id, code });
      return { ok: ok || (tries < 5 && reason === "challenge_used"), at: now() };
    } catch (error) {
      if (tries > 1) return tasks.check({ id, code, at }, tries - 1);
      throw error;
    }
  },
  /** How many messages the store knows of. */
  async count(id) {
    const { events } = await tfa.verifications.get({ id });
    return events.length;
  },
  async close() {
    await tfa.close();
    await end();
    return "closed";
  },
};

process.on("message", ({ number, task, given }) => {
  tasks[task](given).then(
    (answer) => process.send({ number, answer }, () => task === "close" && process.disconnect()),
    (error) => process.send({ number, answer: String(error) }),
  );
});
process.send({ ready: true });
