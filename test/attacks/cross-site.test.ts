/**
 * The attacker owns another site and has the person visit it. From there, with the person's own cookies, they post to the
 * routes of the second factor: by forms of every encoding, by scripts, from frames without an origin, from hosts that look
 * like the right one, with methods in disguise. They want messages sent at the owner's expense, the attempts of a
 * challenge used up, a challenge canceled, or a code of their own choosing taken.
 */
import { afterEach, describe, expect, it } from "vitest";
import { fixture, ORIGIN, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { type Answer, Site, Visitor } from "../helpers/burst.js";
import type { TwoFactorOptions } from "../../src/index.js";

const HOST = new URL(ORIGIN).host;

const FOREIGN: readonly Record<string, string>[] = [
  { origin: "https://evil.example" },
  { origin: "https://evil.example", "sec-fetch-site": "same-origin" },
  { origin: "null" },
  { origin: "" },
  { origin: `${ORIGIN}.evil.example` },
  { origin: `https://evil.${HOST}` },
  { origin: `https://${HOST}@evil.example` },
  { origin: `http://${HOST}` },
  { origin: `${ORIGIN}:444` },
  { origin: `${ORIGIN}/` },
  { origin: `${ORIGIN} https://evil.example` },
  { origin: `${ORIGIN}, https://evil.example` },
  { origin: "file://" },
  { origin: "chrome-extension://abc" },
  { origin: "https://evil.example", referer: `${ORIGIN}/2fa` },
  { origin: "https://evil.example", "x-forwarded-host": "evil.example", forwarded: "host=evil.example" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", accept: "text/html" },
  { "sec-fetch-site": "unheard-of" },
];

let site: Site;
afterEach(() => site.close());

async function opened(
  options: Partial<TwoFactorOptions> = {},
): Promise<{ shop: Fixture; ada: Visitor; right: string; unchanged: () => Promise<void> }> {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  site = await Site.open(shop.app);
  const ada = await Visitor.login(site, "ada");
  await ada.get("/vault");
  shop.clock.tick(31_000);
  const right = shop.code();
  const unchanged = async (): Promise<void> => {
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
    expect(shop.box.messages).toHaveLength(1);
    const { body } = await ada.get("/2fa/status");
    expect(body).toMatchObject({ verified: false, challenge: { method: "sms", attemptsLeft: 5 } });
  };
  return { shop, ada, right, unchanged };
}

function noCors({ headers }: Answer): void {
  for (const name of Object.keys(headers)) expect(name).not.toMatch(/^access-control-/);
}

describe("I08: a post from another site", () => {
  const targets = (code: string): [path: string, fields: Record<string, string>][] => [
    ["/2fa/verify", { code }],
    ["/2fa/challenge", { method: "email" }],
    ["/2fa/challenge", { action: "payout" }],
    ["/2fa/resend", {}],
    ["/2fa/cancel", {}],
  ];

  it.each(FOREIGN)("is refused with %j, in every encoding, and changes nothing", async (headers) => {
    const { ada, right, unchanged } = await opened();
    for (const [path, fields] of targets(right)) {
      const encodings = [
        { json: fields },
        { form: fields },
        { text: JSON.stringify(fields), headers: { "content-type": "text/plain" } },
        { text: `{"code":"${right}","x":"="}`, headers: { "content-type": "text/plain" } },
        { text: "", headers: { "content-type": "multipart/form-data; boundary=x" } },
      ];
      for (const parts of encodings) {
        const answer = await ada.send("POST", path, { ...parts, headers: { ...parts.headers, ...headers } });
        expect(answer.status).toBe(403);
        if (!headers["accept"]) expect(answer.body).toMatchObject({ code: "origin_refused" });
        noCors(answer);
      }
    }
    await unchanged();
  });

  it.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])(
    "is refused as %s, however it calls itself",
    async (method) => {
      const { ada, right, unchanged } = await opened();
      const disguises = [
        {},
        { "x-http-method-override": "POST" },
        { "x-http-method": "POST" },
        { "x-method-override": "POST" },
      ];
      for (const path of ["/2fa/verify", "/2fa/challenge", "/2fa/resend", "/2fa/cancel"]) {
        for (const headers of disguises) {
          const query = `?_method=POST&code=${right}&method=email`;
          const answer = await ada.send(
            method,
            path + query,
            method === "GET" || method === "HEAD" ? { headers } : { json: { code: right }, headers },
          );
          expect(answer.status).toBe(405);
          expect(answer.headers["allow"]).toBe("POST");
          noCors(answer);
        }
      }
      await unchanged();
    },
  );

  it("is not invited by a preflight: no answer of ours names another origin", async () => {
    const { ada, unchanged } = await opened();
    const asked = {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type",
    };
    for (const path of ["/2fa/verify", "/2fa/challenge", "/2fa", "/vault"])
      noCors(await ada.send("OPTIONS", path, { headers: asked }));
    for (const path of ["/2fa", "/2fa/status", "/vault"])
      noCors(await ada.get(path, { origin: "https://evil.example" }));
    await unchanged();
  });

  it("is refused without a configured origin too, by the host the browser believes it talks to", async () => {
    const options = { origin: undefined } as unknown as Partial<TwoFactorOptions>;
    const { ada, right, unchanged } = await opened(options);
    for (const origin of [
      "https://evil.example",
      "null",
      `https://evil.${HOST}`,
      `https://${HOST}:444`,
      "https://",
      "evil",
      `https://${HOST}.evil.example`,
    ]) {
      const { status } = await ada.post("/2fa/verify", { code: right }, { origin });
      expect(status).toBe(403);
    }
    for (const forged of [
      { "x-forwarded-host": "evil.example" },
      { forwarded: "host=evil.example" },
      { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-original-host": "evil.example" },
    ]) {
      const { status } = await ada.post("/2fa/verify", { code: right }, { origin: "https://evil.example", ...forged });
      expect(status).toBe(403);
    }
    await unchanged();
    expect((await ada.post("/2fa/verify", { code: right }, { origin: `https://${HOST}` })).status).toBe(200);
  });

  it.each([
    [{ origin: ORIGIN }],
    [{ origin: ORIGIN, "sec-fetch-site": "same-origin" }],
    [{ "sec-fetch-site": "same-origin" }],
    [{ "sec-fetch-site": "none" }],
    [{}],
  ])("is told from one of our own: %j is taken", async (headers) => {
    const { ada, right, shop } = await opened();
    expect((await ada.post("/2fa/verify", { code: right }, headers)).status).toBe(200);
    expect(shop.counters).toMatchObject({ compares: 1, grants: 1 });
  });

  it("may come from every origin that was configured, and from no other", async () => {
    const { ada, shop } = await opened({ origin: [ORIGIN, "https://app.example"] });
    expect((await ada.post("/2fa/verify", { code: shop.wrong() }, { origin: "https://app.example" })).status).toBe(422);
    expect((await ada.post("/2fa/verify", { code: shop.wrong() }, { origin: "https://other.example" })).status).toBe(
      403,
    );
  });

  it("says no more to a stranger than to anybody: the answer names no challenge and no recipient", async () => {
    const { ada, right } = await opened();
    const answer = await ada.post("/2fa/verify", { code: right }, { origin: "https://evil.example" });
    expect(answer.text).not.toMatch(/\+46|attemptsLeft|challenge"/);
    const stranger = await new Visitor(site).post("/2fa/verify", { code: right }, { origin: "https://evil.example" });
    expect(stranger.text).toBe(answer.text);
  });
});
