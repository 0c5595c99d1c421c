import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launch } from "../express/page/host.js";
import type { Fixture } from "../helpers/app.js";
import { trusting } from "../helpers/devices.js";
import { service } from "../helpers/services.js";
import { DESKTOP, type OpenBank, PHONE, Visitor } from "./bank.js";

const chromium = service("chromium");

let browser: Browser;
let shop: Fixture;
let server: Server;
let origin: string;

/** In a browser that keeps what it has but for the session. */
async function logIn({ page }: Visitor): Promise<void> {
  await page.context().request.post(`${origin}/logout`);
  await page.context().request.post(`${origin}/login`, { data: { user: "ada" } });
}

describe.skipIf(chromium === undefined)("a trusted device in Chromium", () => {
  beforeAll(async () => {
    browser = await launch(chromium);
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    shop = trusting({ factors: true, clock: Date.now, origin: undefined });
    server = createServer(shop.app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await shop.tfa.close();
  });

  it.each([
    ["on a desktop", DESKTOP],
    ["on a phone without JavaScript", { ...PHONE, javaScriptEnabled: false }],
  ])("is trusted with a tick, spares its owner the code, and is removed: %s", async (_name, options) => {
    const scripted = !("javaScriptEnabled" in options);
    const ada = await Visitor.enter(browser, { origin } as OpenBank, options);
    const { page } = ada;
    await logIn(ada);
    await page.goto(`${origin}/mail`);
    await ada.arrivesAt("/2fa");
    await page.getByLabel("Trust this device").check();
    if (scripted) await ada.inspect("trusting");
    await ada.answer(shop.code());
    await ada.arrivesAt("/mail");

    await logIn(ada);
    await page.goto(`${origin}/mail`);
    expect(await page.locator("body").innerText()).toContain('"ok":true');
    expect(shop.box.messages).toHaveLength(1);

    // To see and remove it takes more than to have it.
    await page.goto(`${origin}/2fa/factors`);
    await page.getByRole("link", { name: "Trusted devices" }).click();
    await ada.arrivesAt("/2fa");
    await ada.answer(shop.code());
    await ada.arrivesAt("/2fa/devices");
    if (scripted) await ada.inspect("devices");
    await ada.press(/^Remove: Chrom/);
    await page.getByText("No device is trusted.").waitFor();

    await logIn(ada);
    await page.goto(`${origin}/mail`);
    await ada.arrivesAt("/2fa");
    expect(await ada.leave()).toEqual([]);
  });
});
