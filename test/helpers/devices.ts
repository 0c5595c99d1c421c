import type { Agent } from "supertest";
import { type Fixture, fixture } from "./app.js";
import { PLENTY } from "./arena.js";
import type { TwoFactorOptions } from "../../src/index.js";

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1";

/** The fixture with trusted devices, a route that accepts them and one that does not say so. */
export function trusting(options: Partial<TwoFactorOptions> = {}): Fixture {
  const shop = fixture({ trustedDevices: true, limits: PLENTY, ...options });
  shop.guard("/mail", { trustedDevice: true });
  shop.guard("/vault");
  return shop;
}

/** Proves a code and ticks the box. */
export async function trust(shop: Fixture, agent: Agent, path = "/mail"): Promise<void> {
  await agent.get(path).set("User-Agent", FIREFOX).expect(401);
  const { body } = await agent
    .post("/2fa/verify")
    .set("User-Agent", FIREFOX)
    .send({ code: shop.code(), trustDevice: true })
    .expect(200);
  if (body.trusted !== true) throw new Error("The device was not trusted.");
}

/** The cookie of this browser for its devices: `name=value`. */
export async function deviceCookie(shop: Fixture, agent: Agent): Promise<string> {
  const all = (await shop.sessionCookie(agent)) ?? "";
  const found = all.split("; ").filter((cookie) => cookie.startsWith("two-factor-device-"));
  return found.join("; ");
}

/** The owner logs in once more in the same browser: a new session, the old device cookie. */
export async function loginAgain(agent: Agent, user: string): Promise<void> {
  await agent.post("/logout").expect(204);
  await agent.post("/login").send({ user }).expect(200);
}

/** What a thief has who knows the password and copied the cookie. */
export async function thief(shop: Fixture, cookie: string, user = "ada") {
  const agent = await shop.login(user);
  const session = (await shop.sessionCookie(agent)) ?? "";
  return (path: string, browser = FIREFOX) =>
    agent.get(path).set("User-Agent", browser).set("Cookie", `${session}; ${cookie}`);
}
