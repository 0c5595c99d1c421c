import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { createClient } from "redis";
import { redisStore, type RedisClient } from "require2fa/redis";
import { redisServer } from "../../helpers/redis-server.js";
import { service } from "../../helpers/services.js";
import { answersTo, pendingOf } from "../answers.js";
import type { Case, Figures, Part, Row } from "../part.js";
import { both, pendingRows } from "../pending.js";
import { byTurns, inFlight, insisting } from "../turns.js";

/** What somebody writes who has no library: read, count, compare, in one script. */
const BARE = `
local kept = redis.call('HMGET', KEYS[1], 'code', 'attempts', 'max')
if not kept[1] or tonumber(kept[2]) >= tonumber(kept[3]) then return 'spent' end
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
if kept[1] ~= ARGV[1] then return 'wrong' end
redis.call('DEL', KEYS[1])
return 'right'`;

const KEYS = 1_000;
const MILLION = 1_000_000;
const FEW = 1_000;

interface Client {
  readonly client: RedisClient;
  command(...words: readonly string[]): Promise<unknown>;
  evalSha(sha: string, key: string, argument: string): Promise<unknown>;
  readonly isNodeRedis: boolean;
}

const OPEN: Readonly<Record<"redis" | "ioredis", (url: string) => Promise<Client>>> = {
  async redis(url) {
    const client = createClient({ url });
    await client.connect();
    return {
      client,
      command: (...words) => client.sendCommand([...words]),
      evalSha: (sha, key, argument) => client.evalSha(sha, { keys: [key], arguments: [argument] }),
      isNodeRedis: true,
    };
  },
  async ioredis(url) {
    const client = new Redis(url);
    await once(client, "ready");
    return {
      client,
      command: (name = "", ...words) => client.call(name, ...words),
      evalSha: (sha, key, argument) => client.evalsha(sha, 1, key, argument),
      isNodeRedis: false,
    };
  },
};

const url = (): string => process.env["BENCH_REDIS"] ?? "";

async function opened(name: keyof typeof OPEN, prefix: string) {
  const client = await OPEN[name](url());
  const store = redisStore(client.client, { prefix });
  await insisting(() => store.catchUp?.());
  return { client, store };
}

const verifying =
  (name: keyof typeof OPEN, atOnce: number): Case =>
  async () => {
    const { client, store } = await opened(name, `bench-${process.pid}`);
    const sha = String(await client.command("SCRIPT", "LOAD", BARE));
    const key = (index: number): string => `bare:${process.pid}:${index % KEYS}`;
    for (let index = 0; index < KEYS; index += 1) {
      await client.command("HSET", key(index), "code", "x".repeat(43), "attempts", "0", "max", "1000000000");
    }
    const limiter = new RateLimiterRedis({
      storeClient: client.client,
      useRedisPackage: client.isNodeRedis,
      points: 1_000_000_000,
      duration: 300,
    });
    const { wrong, right } = answersTo(store);
    const turns = {
      bare: { run: (index: number) => client.evalSha(sha, key(index), "wrong") },
      limiter: { run: (index: number) => limiter.consume(key(index)) },
      wrong,
      right,
    };
    const sample = await byTurns(turns, atOnce, atOnce === 1 ? 500 : 2_000);
    const calls = { "wrong trips": 0, "right trips": 0 };
    for (const name of ["wrong", "right"] as const) {
      await turns[name].prepare?.(10);
      calls[`${name} trips`] = (await tripsOf(client, () => inFlight(turns[name].run, 1, 10))) / 10;
    }
    return { ...sample, ...calls };
  };

/** How often Redis is asked about a verification, by what MONITOR shows: what scripts call themselves is left out. */
async function tripsOf(client: Client, run: () => Promise<void>): Promise<number> {
  const { hostname, port } = new URL(url());
  const monitor = connect(Number(port), hostname);
  let shown = "";
  monitor.on("data", (data) => (shown += data.toString()));
  monitor.write("MONITOR\r\n");
  while (!shown.includes("+OK")) await pause(5);
  await run();
  await client.command("ECHO", "the end");
  while (!shown.includes("the end")) await pause(5);
  monitor.destroy();
  return shown.split("\r\n").filter((line) => / \[0 [^\]]*:\d+\] /.test(line) && line.includes(":v:")).length;
}

/** As many more, written by Redis itself after the pattern of one that was opened; each is found by all that one is. */
const FILL = `
local root, pattern, from, to = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local row = redis.call('HGETALL', pattern)
local at = redis.call('TIME')[1] * 1000
for n = from, to do
  local name = 'filled ' .. n
  redis.call('HSET', root .. ':v:' .. name, unpack(row))
  for _, list in ipairs({ 'i:all', 'i:dead', 't:' .. ARGV[4], 'n:filled', 'j:filled ' .. n, 'o:filled ' .. n }) do
    redis.call('ZADD', root .. ':' .. list, at + 3e9 + n, name)
  end
end`;

const pending: Case = async () => {
  const { client, store } = await opened("ioredis", "bench-pending");
  const { start, right } = answersTo(store);
  const pattern = pendingOf("pattern");
  await store.open(pattern, "pattern", [], Date.now());
  const [key = ""] = (await client.command("KEYS", "{bench-pending}:v:*")) as string[];
  const [list = ""] = (await client.command("KEYS", "{bench-pending}:t:*")) as string[];
  const measured = () => byTurns({ start, right }, 10, 1_000);
  const filled = async (from: number, to: number): Promise<void> => {
    for (let next = from; next < to; next += 5_000) {
      const last = String(Math.min(to, next + 5_000) - 1);
      await client.command("EVAL", FILL, "1", "{bench-pending}", key, String(next), last, list.split(":")[2] ?? "");
    }
  };
  await filled(0, FEW);
  const few = await measured();
  await filled(FEW, MILLION);
  const many = await measured();
  await client.command("FLUSHALL");
  return both(few, many);
};

const CLIENTS = ["redis", "ioredis"] as const;
const AT_ONCE = [1, 10, 100];
const NAMES = CLIENTS.flatMap((client) =>
  AT_ONCE.map((atOnce) => [client, atOnce, `${client}, ${atOnce} in flight`] as const),
);

export const redis: Part = {
  peers: ["redis", "ioredis", "rate-limiter-flexible"],
  async around() {
    if (!service("redis-server")) return undefined;
    const server = await redisServer();
    return { env: { BENCH_REDIS: server.url }, end: () => server.stop() };
  },
  cases: {
    ...Object.fromEntries(NAMES.map(([client, atOnce, name]) => [name, verifying(client, atOnce)])),
    pending,
  },
  rows: [
    {
      what: "Redis, round trips of a right answer",
      beside: "bare script: 1",
      value: (m) => Math.max(...NAMES.map(([, , name]) => m(name, "right trips"))),
      unit: "",
      target: { most: 2 },
    },
    ...NAMES.flatMap(([, , name]): Row[] => {
      const trips = (m: Figures): number => m(name, "right") * m(name, "right trips");
      return [
        {
          what: `round trips a second, ${name}, wrong answers`,
          beside: "bare script",
          value: (m) => m(name, "wrong") / m(name, "bare"),
          target: { least: 0.6 },
        },
        {
          what: `round trips a second, ${name}, right answers`,
          beside: "bare script",
          value: (m) => trips(m) / m(name, "bare"),
          target: { least: 0.6 },
        },
        {
          what: `round trips a second, ${name}, right answers`,
          beside: "rate-limiter-flexible",
          value: (m) => trips(m) / m(name, "limiter"),
        },
      ];
    }),
    ...pendingRows("Redis"),
  ],
};
