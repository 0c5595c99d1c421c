/** What somebody meets who has only read the README: each mistake is told where it is made, in words that say what to write. */
import express from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  consoleProvider,
  email,
  jwtProof,
  memoryStore,
  outbox,
  require2fa,
  sessionProof,
  sms,
  smtp,
  twoFactor,
  type TwoFactorOptions,
  voice,
  webhook,
} from "../../src/index.js";
import { comapi } from "../../src/vendors/comapi/index.js";
import { mitto } from "../../src/vendors/mitto/index.js";
import { mobileresponse } from "../../src/vendors/mobileresponse/index.js";
import { routee } from "../../src/vendors/routee/index.js";
import { tokenApi } from "../../src/vendors/token-api/index.js";
import { fixture } from "../helpers/app.js";

const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  for (const method of ["error", "warn"] as const)
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => void said.push(words.join(" ")));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function options(changes: Record<string, unknown> = {}): TwoFactorOptions {
  return {
    secret: "a secret of the fixture, 32 bytes and more",
    user: () => "ada",
    contact: () => ({ phone: "+46707123456" }),
    ...(Object.hasOwn(changes, "methods") ? {} : { methods: [sms(outbox())] }),
    ...changes,
  } as TwoFactorOptions;
}

function complaint(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    expect(error).toMatchObject({ code: "misconfigured" });
    return (error as Error).message;
  }
  return expect.unreachable("nothing was thrown");
}

describe("a function of ours that was not called", () => {
  const makers = { consoleProvider, outbox, smtp, webhook, mitto, routee, comapi, mobileresponse, tokenApi };

  it.each(Object.entries(makers))("%s is no provider", (name, make) => {
    for (const method of [sms, voice, email]) {
      const given = make as unknown as Parameters<typeof sms>[0];
      for (const provider of [given, [outbox(), given]] as (typeof given)[]) {
        const words = complaint(() => twoFactor(options({ methods: [method(provider)] })));
        expect(words).toContain(`did you forget the call, ${name}()?`);
      }
    }
  });

  it("leaves every other function what it is: a provider", () => {
    expect(() => twoFactor(options({ methods: [sms(() => undefined)] }))).not.toThrow();
  });

  it.each<[string, () => unknown]>([
    ["jwtProof()", () => twoFactor(options({ proof: jwtProof }))],
    ["sessionProof()", () => twoFactor(options({ proof: [sessionProof] }))],
    ["memoryStore()", () => twoFactor(options({ store: memoryStore }))],
    ["app.use(twoFactor({ ... }))", () => twoFactor({ headers: {}, method: "GET", _events: {} } as never)],
  ])("%s is asked for", (call, build) => {
    const words = complaint(build);
    expect(words).toContain("did you forget the call");
    expect(words).toContain(call);
  });
});

describe("a callback that throws", () => {
  const late = async (): Promise<never> => {
    throw new TypeError("Cannot read properties of undefined (reading 'id')");
  };
  const atOnce = (): never => {
    throw new TypeError("Cannot read properties of undefined (reading 'id')");
  };

  it.each([
    ["at once", atOnce],
    ["later", late],
  ])("%s is named in the answer, and told on the console where nobody listens", async (_when, user) => {
    const app = express();
    app.use(twoFactor(options({ user, proof: sessionless() })));
    app.get("/vault", require2fa(), (_req, res) => void res.end());
    const answer = await request(app).get("/vault").expect(503);
    expect(answer.body).toMatchObject({ code: "unavailable", detail: expect.stringContaining("req.user?.id") });
    expect(said).toEqual([
      expect.stringMatching(/^require2fa: fault in require2fa\(\): The user callback failed\..*reading 'id'\)$/),
    ]);

    vi.stubEnv("NODE_ENV", "production");
    const bare = (await request(app).get("/vault").expect(503)).body as { detail: string };
    expect(bare.detail).toBe("The user callback failed.");
  });

  /** A login that needs no session. */
  function sessionless(): NonNullable<TwoFactorOptions["proof"]> {
    return () => ({
      kind: "session",
      accepts: () => true,
      read: () => ({ binding: "b".repeat(20), marks: [], user: undefined, machine: false }),
      grant: () => Promise.resolve({}),
      clear: () => Promise.resolve(),
    });
  }

  it("about the contact, and a message that cannot be sent, are told as well", async () => {
    const shop = fixture({ methods: [sms(() => Promise.reject(new Error("no route to +46707123456")))] });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(502);
    expect(said).toEqual([expect.stringMatching(/^require2fa: delivery\.failed at \w+ \(unknown\): Error: no route/)]);
    expect(said.join()).not.toContain("707123456");
    shop.tfa.events.on("delivery.failed", () => undefined);
    await ada.post("/2fa/resend").send({});
    expect(said).toHaveLength(1);
  });
});
