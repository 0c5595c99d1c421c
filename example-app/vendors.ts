import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { email, outbox, sms, twoFactor, voice } from "require2fa";
import { comapiRouter } from "require2fa/comapi";
import { mittoRouter } from "require2fa/mitto";
import { mobileresponseRouter } from "require2fa/mobileresponse";
import { routeeRouter } from "require2fa/routee";
import { tokenApiRouter } from "require2fa/token-api";

/** Credentials for a demonstration; whoever can reach the port may know them. */
const DEMO = {
  mitto: { accountSid: "ACae6e420f425248d6a26948c17a9e2acf", token: "demo-mitto-token" },
  routee: { applicationId: "5756a411e4b06a33d50517c7", applicationSecret: "demo-routee-secret" },
  comapi: { username: "demo", password: "demo-comapi-password" },
  mobileresponse: {
    apiToken: "11111111-1111-4111-8111-111111111111",
    workflowId: "00000000-0000-0000-0000-000000000000",
  },
  tokenApi: { apiKey: "demo-token-api-key" },
} as const;

/** All five services on one engine, its messages in an outbox. */
export function createVendors(): Express {
  const box = outbox();
  const { verifications, limits, workflows } = twoFactor({
    secret: randomBytes(32).toString("base64url"),
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    allowMemoryStore: true,
    // Messages cost nothing here. Leave the defaults where they do.
    limits: { sends: { perDestination: false, perPrefix: false }, spend: { sms: false, voice: false } },
    events: { fault: ({ where, error }) => console.error(`${where}:`, error) },
  });
  const { mitto, routee, comapi, mobileresponse, tokenApi } = DEMO;

  const app = express();
  app.disable("x-powered-by");
  app.use(
    "/mitto",
    mittoRouter({ verifications, limits, workflows, accounts: { [mitto.accountSid]: { token: mitto.token } } }),
  );
  app.use(
    "/routee",
    routeeRouter({ verifications, applications: { [routee.applicationId]: { secret: routee.applicationSecret } } }),
  );
  app.use("/comapi", comapiRouter({ verifications, accounts: { [comapi.username]: { password: comapi.password } } }));
  app.use(
    "/mobileresponse",
    mobileresponseRouter({
      verifications,
      tokens: [mobileresponse.apiToken],
      workflows: { [mobileresponse.workflowId]: {} },
    }),
  );
  app.use("/token-api", tokenApiRouter({ verifications, keys: [tokenApi.apiKey] }));
  app.get("/outbox", (_req, res) => void res.set("Cache-Control", "no-store").json(box.messages));
  return app;
}

/** Where each service is, and with which credentials: what a client needs to send through it. */
export function describeVendors(origin: string): Record<string, Readonly<Record<string, string>>> {
  const { mitto, routee, comapi, mobileresponse, tokenApi } = DEMO;
  return {
    mitto: { url: `${origin}/mitto`, ...mitto },
    routee: { url: `${origin}/routee`, ...routee },
    comapi: { url: `${origin}/comapi`, ...comapi },
    mobileresponse: { url: `${origin}/mobileresponse`, ...mobileresponse },
    tokenApi: { url: `${origin}/token-api`, ...tokenApi },
  };
}

/** Listens and says where, as one line of JSON. */
export function serveVendors(port: number): void {
  const server = createVendors().listen(port, (error?: Error) => {
    if (error) throw error;
    const { port: bound } = server.address() as AddressInfo;
    console.log(JSON.stringify(describeVendors(`http://localhost:${bound}`)));
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close());
}
