import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems give to connections on their way out (Linux 32768, others 49152), above the known services. */
const FROM = 10_000;
const TO = 32_768;

/** A port that nobody listens on. A connection of another test cannot take it before its server does, nor while that is down. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(FROM, TO);
    const probe = createServer();
    try {
      await once(probe.listen(port, "127.0.0.1"), "listening");
    } catch {
      continue;
    }
    probe.close();
    await once(probe, "close");
    return port;
  }
  throw new Error("There is no free port.");
}
