import { misconfigured } from "../../core/errors.js";
import type { Connection } from "./connection.js";
import { type IoRedisClient, ioRedis, isIoRedis } from "./io-redis.js";
import { isNodeRedis, type NodeRedisClient, nodeRedis } from "./node-redis.js";

export type RedisClient = NodeRedisClient | IoRedisClient;

/** @throws TwoFactorError `misconfigured` for anything that is no client. */
export function connectionOf(client: RedisClient): Connection {
  if (isNodeRedis(client)) return nodeRedis(client);
  if (isIoRedis(client)) return ioRedis(client);
  throw misconfigured(
    'redisStore(client) takes a client of "redis" (createClient() or createCluster()) or of "ioredis" (new Redis() or new Cluster()).',
  );
}
