import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "../helpers/burst.js";
import { type Cluster, type Process, send } from "./cluster.js";
import { Person } from "./person.js";

/** An answer and how long it took, in milliseconds. */
export interface Timed {
  readonly status: number;
  readonly took: number;
  readonly body: Answer["body"];
  readonly headers: Answer["headers"];
}

export async function timed(request: Promise<Answer>): Promise<Timed> {
  const began = performance.now();
  const { status, body, headers } = await request;
  return { status, body, headers, took: performance.now() - began };
}

/** Milliseconds until `holds` says so; throws after `patience`. */
export async function until(what: string, patience: number, holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > patience) throw new Error(`${what}: not within ${patience} ms.`);
    await pause(10);
  }
  return performance.now() - began;
}

/** Milliseconds until a process opens challenges again; throws after `patience`. */
export async function isBack(cluster: Cluster, process: Process, patience: number): Promise<number> {
  return until("a new challenge", patience, async () => {
    const person = new Person(cluster, cluster.newUser());
    return (await person.enter(process).catch(() => undefined))?.status === 401;
  });
}

/** The longest of all processes. */
export async function allAreBack(cluster: Cluster, patience: number): Promise<number> {
  const running = cluster.processes.filter((each) => each.isRunning);
  return Math.max(...(await Promise.all(running.map((each) => isBack(cluster, each, patience)))));
}

export async function health(process: Process): Promise<Timed> {
  return timed(send({ to: process, raw: "GET /healthz HTTP/1.1\r\nhost: shop.example\r\n\r\n" }));
}
