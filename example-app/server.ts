import type { AddressInfo } from "node:net";
import { createApp } from "./app.js";
import { readSettings } from "./settings.js";
import { sharedBy } from "./shared.js";

const settings = readSettings(process.env, (note) => console.log(note));
const shared = await sharedBy(process.env);
const { app, tfa } = createApp({ settings, shared });

const server = app.listen(Number(process.env["PORT"] ?? 3000), (error?: Error) => {
  if (error) throw error;
  const { port } = server.address() as AddressInfo;
  console.log(`Fjord Bank is open at http://localhost:${port}`);
  if (!settings.production) console.log(`Its messages are at http://localhost:${port}/outbox`);
});

/** Requests under way are answered first; connections that only wait are not waited for. */
async function close(): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(idle);
  await tfa.close();
  await shared?.close();
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    close().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  });
}
