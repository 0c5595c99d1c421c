import type { Connection } from "./connection.js";

/** A client of `redis` (5 or 6), from `createClient()` or `createCluster()`: what is used of it. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady?: boolean;
  evalSha(sha1: string, options: ScriptInput): Promise<unknown>;
  eval(script: string, options: ScriptInput): Promise<unknown>;
}

interface ScriptInput {
  keys: string[];
  arguments: string[];
}

type Maybe = { readonly [K in keyof NodeRedisClient]?: unknown } | null | undefined;

export function isNodeRedis(client: unknown): client is NodeRedisClient {
  const its = client as Maybe;
  return typeof its?.evalSha === "function" && typeof its.eval === "function" && typeof its.isOpen === "boolean";
}

export function nodeRedis(
  given: NodeRedisClient & { withCommandOptions?(options: object): NodeRedisClient },
): Connection {
  // Replies are strings, whatever the app has its own turned into; and `Caller` has a patience of its own, where the
  // client makes a signal and a timer for every command.
  const client = given.withCommandOptions?.({ typeMapping: {}, timeout: undefined }) ?? given;
  return {
    isReady: () => given.isReady ?? given.isOpen,
    byName: (sha, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    byText: (lua, keys, args) => client.eval(lua, { keys: [...keys], arguments: [...args] }),
  };
}
