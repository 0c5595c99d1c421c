import { createHmac } from "node:crypto";
import { memoryStore, sms, type TwoFactorOptions, voice, webhook } from "../../src/index.js";
import { TimerScheduler } from "../../src/verification/scheduler.js";
import { fixture, type Fixture } from "./app.js";
import { PLENTY } from "./arena.js";
import { rawRequest, Site } from "./burst.js";
import { type FakeClock, fakeClock } from "./clock.js";
import { type FaultServer, startFaultServer } from "./fault-server.js";
import { type RecordingStore, recordingStore } from "./recording-store.js";

export const SECRET = `whsec_${Buffer.from("the key of the fixture's carrier").toString("base64")}`;
export const PATH = "/2fa/receipts/webhook";

/** A message as the service behind `webhook()` gets it. */
export interface Carried {
  readonly id: string;
  readonly channel: string;
  readonly to: string;
  readonly text: string;
}

export interface Signed {
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

/** A webhook as its scheme signs it: written here once more, so that no mistake of ours can agree with itself. */
export function signed(body: object | string | Buffer, { at, id = "evt-1", secret = SECRET }: SignOptions): Signed {
  const bytes = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const stamp = String(Math.floor(at / 1000));
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${stamp}.`).update(bytes).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": stamp,
    "webhook-signature": `v1,${signature}`,
  };
  return { headers, body: bytes };
}

export interface SignOptions {
  /** Milliseconds. */
  readonly at: number;
  readonly id?: string;
  readonly secret?: string;
}

/** A shop whose messages go to a service over HTTP, which may post receipts. */
export interface ReceiptShop extends Fixture {
  readonly site: Site;
  readonly carrier: FaultServer;
  readonly recorder: RecordingStore;
  readonly scheduler: TimerScheduler;
  /** What the carrier was handed, oldest first. */
  carried(): Carried[];
  /** The code in the newest message. */
  sentCode(): string;
  /** Signs a receipt by the fixture's clock. */
  sign(body: object | string | Buffer, options?: Partial<SignOptions>): Signed;
  post(post: Signed, path?: string): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }>;
  /** The same as bytes for a socket of its own. */
  raw(post: Signed, path?: string): string;
  /** Time passes, and what is due by then is done. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export async function receiptShop(
  options: Partial<TwoFactorOptions> = {},
  clock: FakeClock = fakeClock(),
): Promise<ReceiptShop> {
  const carrier = await startFaultServer();
  const recorder = recordingStore(memoryStore());
  const scheduler = new TimerScheduler(clock);
  const hook = webhook({ url: carrier.url, secret: SECRET, receipts: true });
  const shop = fixture({
    methods: [sms(hook), voice(hook)],
    workflows: {
      urgent: [
        { channel: "sms", interval: 0 },
        { channel: "voice", interval: "60s" },
      ],
    },
    limits: PLENTY,
    store: recorder.store,
    scheduler,
    clock,
    ...options,
  });
  const site = await Site.open(shop.app);
  const carried = (): Carried[] => carrier.seen.map(({ body }) => JSON.parse(body) as Carried);
  return {
    ...shop,
    clock,
    site,
    carrier,
    recorder,
    scheduler,
    carried,
    sentCode: () =>
      /\d(?:, )?\d(?:, )?\d(?:, )?\d(?:, )?\d(?:, )?\d/.exec(carried().at(-1)?.text ?? "")?.[0].replaceAll(", ", "") ??
      "",
    sign: (body, more = {}) => signed(body, { at: clock(), ...more }),
    async post({ headers, body }, path = PATH) {
      const answer = await fetch(`http://127.0.0.1:${site.port}${path}`, {
        method: "POST",
        headers,
        body: typeof body === "string" ? body : new Uint8Array(body),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
      };
    },
    raw: ({ headers, body }, path = PATH) => rawRequest("POST", path, { headers, text: String(body) }),
    async pass(ms) {
      clock.tick(ms);
      await scheduler.runDue();
    },
    async close() {
      await site.close();
      await carrier.close();
      await shop.tfa.close();
    },
  };
}
