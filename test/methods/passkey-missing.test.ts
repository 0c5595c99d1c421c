import { expect, it, vi } from "vitest";
import { passkeyShop } from "../helpers/passkeys.js";

vi.mock("@simplewebauthn/server", () => {
  throw new Error("Cannot find package '@simplewebauthn/server'");
});

it("passkey() says what to install before anybody has made a passkey in vain", async () => {
  const shop = passkeyShop();
  const tom = await shop.login("tom");
  const { body } = await tom.post("/2fa/factors/enroll").send({ method: "passkey" }).expect(500);
  const lesson = expect.stringContaining("npm install @simplewebauthn/server") as string;
  expect(body).toMatchObject({ code: "misconfigured", detail: lesson });
  await tom.get("/vault").expect(403);
});
