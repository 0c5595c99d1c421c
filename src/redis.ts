export { redisStore, type RedisStoreOptions } from "./stores/redis/factory.js";
export type { RedisClient } from "./stores/redis/client.js";
export { bullmqScheduler, type BullmqOptions } from "./verification/schedulers/bullmq.js";
