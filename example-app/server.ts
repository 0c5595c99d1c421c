import type { AddressInfo } from "node:net";
import { createApp } from "./app.js";
import { readSettings } from "./settings.js";

const settings = readSettings(process.env, (note) => console.log(note));
const { app, tfa } = createApp({ settings });

const server = app.listen(Number(process.env["PORT"] ?? 3000), (error?: Error) => {
  if (error) throw error;
  const { port } = server.address() as AddressInfo;
  console.log(`Fjord Bank is open at http://localhost:${port}`);
  if (!settings.production) console.log(`Its messages are at http://localhost:${port}/outbox`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close(() => void tfa.close());
    server.closeAllConnections();
  });
}
