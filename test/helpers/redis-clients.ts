import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster6, Redis as Redis6 } from "ioredis6";
import { createClient, createCluster } from "redis";
import { createClient as createClient5, createCluster as createCluster5 } from "redis5";
import type { RedisClient } from "../../src/redis.js";

/** A client as an app would make it, with its defaults; and its end. */
export interface OpenClient {
  readonly client: RedisClient;
  end(): void;
}

type Open = (port: number) => Promise<OpenClient>;

const host = "127.0.0.1";
const ignore = (): void => {};

/** Every kind of client that the store takes. */
export const CLIENTS: Readonly<Record<string, Open>> = {
  "redis 6": async (port) => {
    const client = createClient({ socket: { host, port } }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  "redis 5": async (port) => {
    const client = createClient5({ socket: { host, port } }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  "ioredis 5": async (port) => {
    const client = new Redis({ host, port, lazyConnect: true }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
  "ioredis 6": async (port) => {
    const client = new Redis6({ host, port, lazyConnect: true }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
};

export const CLUSTER_CLIENTS: Readonly<Record<string, Open>> = {
  "createCluster() of redis 6": async (port) => {
    const client = createCluster({ rootNodes: [{ socket: { host, port } }] }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  "createCluster() of redis 5": async (port) => {
    const client = createCluster5({ rootNodes: [{ socket: { host, port } }] }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
  "Cluster of ioredis 5": async (port) => {
    const client = new Cluster([{ host, port }], { lazyConnect: true }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
  "Cluster of ioredis 6": async (port) => {
    const client = new Cluster6([{ host, port }], { lazyConnect: true }).on("error", ignore);
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
};
