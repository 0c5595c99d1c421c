import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LOCALES } from "../../../src/core/locale.js";
import { renderPage } from "../../../src/express/page/page.js";
import { pagePolicy } from "../../../src/express/page/policy.js";
import type { PageView } from "../../../src/express/page/view.js";
import { projectRoot } from "../../helpers/project-copy.js";
import { service } from "../../helpers/services.js";
import { launch, leave, serve, type Host } from "./host.js";
import { BASE, CHALLENGE, NONCE, SAMPLES } from "./samples.js";

const chromium = service("chromium");
const SCREENSHOTS = path.join(projectRoot, "test-results/browser");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** In the dark nothing but the colors is different. */
const LOOKS = [
  ["light", ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]],
  ["dark", ["color-contrast", "link-in-text-block"]],
] as const;
const runAxe = (runOnly: readonly string[]): string => `
  axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]))`;
const DESKTOP = { width: 1280, height: 720 };
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/** Pages that a test shows beside the samples, by path. */
const shown = new Map<string, PageView>();

let browser: Browser;
let host: Host;
let page: Page;
let complaints: string[] = [];

/** One tab for each kind of browser: a process for each test costs more than the test. */
const tabs = new Map<string, Page>();

async function tab(options: BrowserContextOptions): Promise<Page> {
  const opened = await browser.newPage(options);
  opened.on("console", (message) => complaints.push(message.text()));
  opened.on("pageerror", (error) => complaints.push(String(error)));
  return opened;
}

/** Shows a page; where a script is put before it, in a tab of its own. */
async function open(view: PageView, options: BrowserContextOptions & { init?: string } = {}): Promise<void> {
  const { init, viewport = DESKTOP, ...others } = options;
  const kind = JSON.stringify(others);
  page = (init === undefined ? tabs.get(kind) : undefined) ?? (await tab(others));
  if (init === undefined) tabs.set(kind, page);
  else await page.addInitScript(init);
  await page.setViewportSize(viewport ?? DESKTOP);
  const path = `/page/${shown.size}`;
  shown.set(path, view);
  await page.goto(host.origin + path);
}

/** The answer to a form comes first, as it would get in between; where a tab of its own shows it, there is none here. */
async function leavePage(): Promise<void> {
  const last = host.posts.at(-1);
  if (last) await page.waitForURL(host.origin + last.path, { timeout: 2_000 }).catch(() => undefined);
  await page.goto("about:blank").catch(() => page.goto("about:blank"));
}

async function posted(): Promise<Host["posts"][number]> {
  await expect.poll(() => host.posts.length, { timeout: 5000 }).toBeGreaterThan(0);
  return host.posts[0] ?? expect.unreachable();
}

describe.skipIf(chromium === undefined)("the page in Chromium", () => {
  beforeAll(async () => {
    browser = await launch(chromium);
    host = await serve((path) => ({
      body: renderPage(shown.get(path) ?? SAMPLES.nothing),
      headers: { "Content-Security-Policy": pagePolicy(NONCE), "Referrer-Policy": "no-referrer" },
    }));
  });
  afterAll(async () => {
    await leave(browser);
    await host?.close();
  });
  beforeEach(() => {
    complaints = [];
    host.posts.length = 0;
  });
  afterEach(async () => {
    // nothing of one test is under way in the next
    for (const other of page.context().pages()) if (other !== page) await other.close();
    if ([...tabs.values()].includes(page)) await leavePage();
    else await page.close();
    expect(complaints).toEqual([]);
  });

  describe.each(Object.entries<PageView>(SAMPLES).filter(([name]) => name !== "replay"))("%s", (_name, view) => {
    it("has no accessibility violation, in light and in dark", async () => {
      await open(view, { reducedMotion: "reduce", viewport: { width: 390, height: 844 } });
      await page.evaluate(AXE);
      for (const [colorScheme, rules] of LOOKS) {
        await page.emulateMedia({ colorScheme });
        expect([colorScheme, await page.evaluate(runAxe(rules))]).toEqual([colorScheme, []]);
      }
    });

    it("fits a phone of 360 pixels and a screen zoomed to 320, and posts nothing by being opened or reloaded", async () => {
      const name = "Donaudampfschifffahrtsgesellschaft & Söhne";
      await open({ ...view, locale: "de", service: name }, { viewport: { width: 360, height: 640 } });
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      await page.reload();
      expect(host.posts).toEqual([]);
    });
  });

  it.each(LOCALES)("fits a small phone in %s", async (locale) => {
    for (const view of [SAMPLES.approval, SAMPLES.undelivered, SAMPLES.not_enrolled]) {
      await open({ ...view, locale }, { viewport: { width: 320, height: 640 } });
      expect(await page.evaluate(OVERFLOW)).toBe(0);
    }
  });

  it.each(["ar", "ja"])("is as accessible in %s, and mirrored where it runs from the right", async (locale) => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const name of ["sms", "approval", "wrong", "expired"] as const) {
      await open({ ...SAMPLES[name], locale }, { reducedMotion: "reduce", viewport: { width: 390, height: 844 } });
      await page.evaluate(AXE);
      for (const [colorScheme, rules] of LOOKS) {
        await page.emulateMedia({ colorScheme });
        expect([colorScheme, await page.evaluate(runAxe(rules))]).toEqual([colorScheme, []]);
      }
      await page.emulateMedia({ colorScheme: "light" });
      await page.screenshot({ path: path.join(SCREENSHOTS, `page-${name}-${locale}.png`), fullPage: true });
    }
    await open({ ...SAMPLES.sms, locale }, { viewport: { width: 390, height: 844 } });
    const left = async (selector: string): Promise<number> =>
      (await page.locator(selector).first().boundingBox())?.x ?? NaN;
    // the text starts where the reader does; the address stands at the other end of its button
    const order = [
      await left(".badge"),
      await left(".service"),
      await left(".way svg"),
      await left(".way span"),
      await left(".way bdi"),
    ];
    const [badge = 0, service = 0, icon = 0, label = 0, address = 0] = locale === "ar" ? order.map((x) => -x) : order;
    expect(badge).toBeLessThan(service);
    expect(icon).toBeLessThan(label);
    expect(label).toBeLessThan(address);
    const ends = await page.evaluate<number[]>(
      `[".way:has(bdi)", ".way bdi"].map((each) => document.querySelector(each).getBoundingClientRect().${locale === "ar" ? "left" : "right"})`,
    );
    expect(Math.abs((ends[0] ?? 0) - (ends[1] ?? 999))).toBeLessThan(24);
    expect(await page.locator("#code").evaluate((input) => getComputedStyle(input).direction)).toBe("ltr");
  });

  describe("without JavaScript", () => {
    it("verifies by keyboard alone, with the input focused", async () => {
      await open(SAMPLES.approval, { javaScriptEnabled: false });
      await page.locator("#code:focus").waitFor();
      await page.keyboard.type("123 456");
      await page.keyboard.press("Enter");
      expect(await posted()).toMatchObject({
        path: "/2fa/verify",
        fields: [
          ["challenge", "challenge-1"],
          ["code", "123 456"],
        ],
      });
    });

    it.each(["١٢٣٤٥٦", "１２３４５６", "۱۲۳ ۴۵۶"])("takes the digits of another keyboard: %s", async (code) => {
      await open({ ...SAMPLES.sms, locale: "ar" }, { javaScriptEnabled: false });
      await page.locator("#code").fill(code);
      await page.locator("#code").press("Enter");
      expect((await posted()).fields).toContainEqual(["code", code]);
    });

    it.each([
      ["Send the code again", "/2fa/resend", [["challenge", "challenge-1"]]],
      [
        "Authenticator app",
        "/2fa/challenge",
        [
          ["challenge", "challenge-1"],
          ["method", "totp"],
        ],
      ],
      ["Cancel", "/2fa/cancel", [["challenge", "challenge-1"]]],
    ] as const)("%s is a button that posts", async (name, path, fields) => {
      await open(SAMPLES.sms, { javaScriptEnabled: false });
      await page.getByRole("button", { name }).click();
      expect(await posted()).toMatchObject({ path, fields });
    });

    it("sends an interrupted form when asked to", async () => {
      await open(SAMPLES.replay, { javaScriptEnabled: false });
      expect(host.posts).toEqual([]);
      await page.getByRole("button", { name: "Continue" }).click();
      expect(await posted()).toMatchObject({ path: "/transfer" });
    });
  });

  describe("the code", () => {
    it.each(["123456", "123 456", "12-34-56", " 123456 ", "123–456"])("may be typed as %j", async (code) => {
      await open(SAMPLES.totp);
      await page.getByLabel("6-digit code").fill(code);
      await page.keyboard.press("Enter");
      expect((await posted()).fields).toContainEqual(["code", code]);
    });

    it.each(["12345", "1234567", "abcdef", ""])("costs no attempt where it can only be wrong: %j", async (code) => {
      await open(SAMPLES.totp);
      await page.getByLabel("6-digit code").fill(code);
      await page.keyboard.press("Enter");
      await page.waitForTimeout(100);
      expect(host.posts).toEqual([]);
    });

    it.each([
      ["Your Acme code is 123456. Never share it.\n\n@acme.example #123456", "123456"],
      ["Code: 123 456", "123456"],
      ["In 2026: 123-456!", "123456"],
      ["１２３４５６", "123456"],
      ["١٢٣٤٥٦", "123456"],
    ])("is found in pasted text %j", async (text, code) => {
      await open(SAMPLES.sms);
      await page.evaluate(`(() => {
        const data = new DataTransfer();
        data.setData("text", ${JSON.stringify(text)});
        document.getElementById("code").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true }));
      })()`);
      expect(await page.getByLabel("6-digit code").inputValue()).toBe(code);
    });

    it("is sent once by a double click", async () => {
      await open(SAMPLES.totp);
      await page.getByLabel("6-digit code").fill("123456");
      await page.evaluate(`(() => {
        const form = document.getElementById("verify");
        form.target = "_blank";
        form.requestSubmit();
        form.requestSubmit();
      })()`);
      await posted();
      await page.waitForTimeout(200);
      expect(host.posts).toHaveLength(1);
    });
  });

  it("posts with the origin of the site, though the header says no-referrer", async () => {
    await open(SAMPLES.sms);
    await page.getByRole("button", { name: "Cancel" }).click();
    expect((await posted()).headers).toMatchObject({ origin: host.origin, "sec-fetch-site": "same-origin" });
  });

  describe("the script", () => {
    it("holds the resend button back for as long as the server asks", async () => {
      await open({ ...BASE, challenge: { ...CHALLENGE, resendIn: 2 } });
      const button = page.getByRole("button", { name: /^Send the code again/ });
      expect(await button.isDisabled()).toBe(true);
      expect(await button.textContent()).toMatch(/^Send the code again in 0:0[12]$/);
      await expect.poll(() => button.isEnabled(), { timeout: 5000 }).toBe(true);
      expect(await button.textContent()).toBe("Send the code again");
      await button.click();
      expect(await posted()).toMatchObject({ path: "/2fa/resend" });
    });

    it("tells the end of the code in the person's own time", async () => {
      await open(SAMPLES.totp, { timezoneId: "Europe/Stockholm", locale: "en-US" });
      expect((await page.locator("#facts").textContent())?.replace(/\s+/g, " ")).toContain("Valid until 1:05 AM");
    });

    it("says nothing of a time it cannot read", async () => {
      await open({ ...BASE, challenge: { ...CHALLENGE, expiresAt: "soon" } });
      expect(await page.locator("[data-until]").isVisible()).toBe(false);
    });

    const OTP = (code: string): string => `
      window.OTPCredential = function () {};
      window.asked = [];
      window.aborted = false;
      navigator.credentials.get = (options) => {
        window.asked.push(options.otp);
        options.signal.addEventListener("abort", () => { window.aborted = true; });
        return ${code};
      };`;

    it("fills in and submits the code of a text message", async () => {
      await open(SAMPLES.sms, { init: OTP(`Promise.resolve({ code: "654321" })`) });
      expect(await posted()).toMatchObject({
        path: "/2fa/verify",
        fields: [
          ["challenge", "challenge-1"],
          ["code", "654321"],
        ],
      });
    });

    it("fills in but does not submit where something is being approved", async () => {
      await open(SAMPLES.approval, { init: OTP("new Promise((resolve) => { window.deliver = resolve; })") });
      await page.evaluate(`window.deliver({ code: "654321" })`);
      await expect.poll(() => page.getByLabel("6-digit code").inputValue()).toBe("654321");
      expect(await page.evaluate("document.activeElement.textContent.trim()")).toBe("Approve");
      expect(await page.evaluate("window.asked")).toEqual([{ transport: ["sms"] }]);
      expect(host.posts).toEqual([]);
    });

    it("stops waiting for a message when the person submits", async () => {
      await open(SAMPLES.sms, { init: OTP("new Promise(() => {})") });
      await page.getByLabel("6-digit code").fill("123456");
      await page.evaluate(`document.getElementById("verify").target = "_blank"`);
      await page.keyboard.press("Enter");
      await posted();
      expect(await page.evaluate("window.aborted")).toBe(true);
    });

    it("does not mind a refused or unsupported message", async () => {
      await open(SAMPLES.sms, { init: OTP(`Promise.reject(new Error("no"))`) });
      expect(await page.getByLabel("6-digit code").inputValue()).toBe("");
    });

    it("asks for no message where the code comes another way", async () => {
      await open(SAMPLES.totp, { init: OTP("new Promise(() => {})") });
      expect(await page.evaluate("window.asked")).toEqual([]);
    });
  });

  describe("an interrupted form", () => {
    const FIELDS = [
      ["amount", "10.00"],
      ["submit", "Send"],
      ["action", "x"],
      ["method", "get"],
      ["requestSubmit", ""],
      ["id", "replay"],
      ["querySelector", "1"],
      ["note", 'line one\r\nline "two" & <three> \' ` é 😀 \t '],
      ["tags[]", "a"],
      ["tags[]", "b"],
      ["empty", ""],
    ] as const;

    it("goes out again by itself, once, field for field, whatever its fields are called", async () => {
      await open({ ...SAMPLES.replay, replay: { action: "/transfer?x=1&y=2", fields: FIELDS } });
      const { path, fields } = await posted();
      expect(path).toBe("/transfer?x=1&y=2");
      expect(fields).toEqual(FIELDS);
      await page.waitForTimeout(100);
      expect(host.posts).toHaveLength(1);
    });

    it("arrives with the origin of the site, as the app's own check wants to see it", async () => {
      await open(SAMPLES.replay);
      expect((await posted()).headers).toMatchObject({ origin: host.origin, "sec-fetch-site": "same-origin" });
    });
  });
});
