import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, display } from "../../core/options.js";
import type { Store } from "../store.js";
import { connectionOf, type RedisClient } from "./client.js";
import { RedisStore } from "./redis-store.js";

export interface RedisStoreOptions {
  /**
   * What every key begins with, in braces, so that a cluster keeps all of them on one node. Two apps on one Redis need
   * two prefixes.
   * @default "require2fa"
   */
  prefix?: string;
  /**
   * How long a verification is remembered after its code has died, for records and usage. Each takes about 3 KB of
   * Redis' memory.
   * @default "30d"
   */
  retention?: Duration;
}

/** A step that has not been taken by then is not taken at all, in milliseconds: its caller has had a 503. */
const PATIENCE = 250;

/**
 * Keeps everything in Redis 7 or newer, or Valkey, alone or as a cluster: for apps of more than one process. The client
 * is yours, of `redis` or `ioredis`, with whatever settings; it is neither connected nor closed here. Redis must not
 * evict: `maxmemory-policy noeviction`, or every call is refused.
 *
 * Searches by nothing more than one of tenant, recipient or subject, and a time, are as fast with a million records as
 * with ten. Any other looks at each record of that index and time, 250 in a call, which takes Redis about a second for
 * 100,000; usage takes it two, and this process four. Bound those with `since` and `until`.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option, or anything that is no client.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkKeys(options, { prefix: true, retention: true }, "redisStore()");
  const { prefix = "require2fa", retention = "30d" } = options;
  if (typeof prefix !== "string" || !/^[^{}\s]{1,100}$/.test(prefix)) {
    throw misconfigured(
      `redisStore({ prefix: "${display(prefix)}" }) must be 1 to 100 characters, no braces or blanks.`,
    );
  }
  const settings = { prefix, retention: milliseconds(retention, "redisStore({ retention })") };
  return new RedisStore(connectionOf(client), settings, { patience: PATIENCE });
}
