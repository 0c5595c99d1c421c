import { Agent, request } from "node:http";

/** One request after another over so many connections; a process of its own, so that the server's time is the server's alone. */
export interface Burst {
  readonly port: number;
  readonly connections: number;
  readonly times: number;
  /** What is asked each time, in order. */
  readonly calls: readonly { readonly method: string; readonly path: string; readonly body?: string }[];
  /** Counts on over the bursts: each time is another person's. */
  readonly from: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

function call(port: number, person: number, { method, path, body }: Burst["calls"][number]): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      "x-user": `user-${person}`,
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    };
    const sent = request({ host: "127.0.0.1", port, method, path, agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("end", () => {
        if ((answer.statusCode ?? 500) < 300) resolve();
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function run({ port, connections, times, calls, from }: Burst): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < times) {
      const person = from + next;
      next += 1;
      for (const each of calls) await call(port, person, each);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
}

process.on("message", (burst: Burst) => {
  run(burst).then(
    () => process.send?.({ ok: true }),
    (error: unknown) => process.send?.({ ok: false, error: String(error) }),
  );
});
