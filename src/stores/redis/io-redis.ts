import type { Connection } from "./connection.js";

/** A client of `ioredis` (5 or 6), `new Redis()` or `new Cluster()`: what is used of it. */
export interface IoRedisClient {
  readonly status: string;
  evalsha(sha1: string, keyCount: number, ...input: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...input: string[]): Promise<unknown>;
}

type Maybe = { readonly [K in keyof IoRedisClient]?: unknown } | null | undefined;

export function isIoRedis(client: unknown): client is IoRedisClient {
  const its = client as Maybe;
  return typeof its?.evalsha === "function" && typeof its.eval === "function" && typeof its.status === "string";
}

export function ioRedis(client: IoRedisClient): Connection {
  return {
    // "wait" is a client that connects when it is first asked.
    isReady: () => client.status === "ready" || client.status === "wait",
    byName: (sha, keys, args) => client.evalsha(sha, keys.length, ...keys, ...args),
    byText: (lua, keys, args) => client.eval(lua, keys.length, ...keys, ...args),
  };
}
