import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { launch, leave } from "../express/page/host.js";
import { service } from "../helpers/services.js";
import { DESKTOP, type OpenBank, openBank, Visitor } from "./bank.js";

const chromium = service("chromium");

/** The browser of all tests, and the bank of the one that runs. */
export let browser: Browser;
export let bank: OpenBank;
let visitor: Visitor | undefined;

/** A person comes to the bank; what their browser complains about fails the test. */
export async function enter(options: BrowserContextOptions = DESKTOP): Promise<Visitor> {
  return (visitor = await Visitor.enter(browser, bank, options));
}

/** Tests in Chromium, each with a bank of its own. */
export function inChromium(title: string, tests: () => void, others = true): void {
  describe.skipIf(chromium === undefined || !others)(`${title} in Chromium`, () => {
    beforeAll(async () => {
      browser = await launch(chromium);
    });
    afterAll(() => leave(browser));
    beforeEach(async () => {
      bank = await openBank();
    });
    afterEach(async () => {
      // among them whatever a Content-Security-Policy has stopped
      const complaints = await visitor?.leave();
      visitor = undefined;
      await bank.close();
      expect(complaints ?? []).toEqual([]);
    });

    tests();
  });
}
