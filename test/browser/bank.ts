import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { createApp } from "../../example-app/app.js";
import { readSettings } from "../../example-app/settings.js";
import { times } from "../helpers/effort.js";
import { projectRoot } from "../helpers/project-copy.js";

/** In the dark nothing but the colors is different. */
const LOOKS = [
  ["dark", ["color-contrast", "link-in-text-block"]],
  ["light", ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]],
] as const;
/** What Chromium says of an answer that is no 200, and of a person who was quicker than the page. */
const HARMLESS = ["Failed to load resource", "Autofocus processing was blocked"];
const SCREENSHOTS = path.join(projectRoot, "test-results/browser");
const KEEPS_PICTURES = times(1, 0) > 0;

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};

interface Message {
  readonly to: string;
  readonly channel: string;
  readonly text: string;
}

/** The example app behind a real port, with a clock that can be put forward. */
export interface OpenBank {
  readonly origin: string;
  now(): number;
  tick(ms: number): void;
  /** Newest first. */
  messages(): Promise<Message[]>;
  /** The code of the newest message. */
  code(): Promise<string>;
  /** A wrong one of the same length. */
  wrongCode(): Promise<string>;
  close(): Promise<void>;
}

export async function openBank(): Promise<OpenBank> {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  const { app, tfa } = createApp({ settings: readSettings({ PORT: String(port) }, () => {}), clock: now });
  server.on("request", app);

  const messages = async (): Promise<Message[]> => (await (await fetch(`${origin}/outbox`)).json()) as Message[];
  const code = async (): Promise<string> => {
    const [newest] = await messages();
    return /\d{6,8}/.exec(newest?.text ?? "")?.[0] ?? expect.unreachable("no message has been sent");
  };
  return {
    origin,
    now,
    tick: (ms) => void (ahead += ms),
    messages,
    code,
    wrongCode: async () => [...(await code())].map((digit) => (Number(digit) + 1) % 10).join(""),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await tfa.close();
    },
  };
}

/** A person with a browser of their own, at the bank. */
export class Visitor {
  readonly page: Page;
  readonly bank: OpenBank;
  readonly #complaints: string[] = [];

  private constructor(page: Page, bank: OpenBank) {
    this.page = page;
    this.bank = bank;
    page.context().on("console", (message) => {
      // an answer of 401 or 422 is no fault of the page
      if (!HARMLESS.some((start) => message.text().startsWith(start))) this.#complaints.push(message.text());
    });
    page.context().on("weberror", (error) => this.#complaints.push(String(error.error())));
  }

  static async enter(browser: Browser, bank: OpenBank, options: BrowserContextOptions = DESKTOP): Promise<Visitor> {
    const context = await browser.newContext({ reducedMotion: "reduce", timezoneId: "UTC", ...options });
    context.setDefaultTimeout(15_000);
    const visitor = new Visitor(await context.newPage(), bank);
    await visitor.page.goto(bank.origin);
    return visitor;
  }

  get codeField(): Locator {
    return this.page.getByLabel(/-digit code$/);
  }

  get alert(): Locator {
    return this.page.getByRole("alert");
  }

  async logIn(username = "ada", password = "lovelace"): Promise<void> {
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password").fill(password);
    await this.press("Log in");
  }

  async transfer(amount: string, payee: string): Promise<void> {
    await this.page.getByLabel("Amount").fill(amount);
    await this.page.getByLabel("Payee").fill(payee);
    await this.press("Transfer");
  }

  async answer(code: string): Promise<void> {
    await this.codeField.fill(code);
    await this.page.keyboard.press("Enter");
  }

  async press(button: string | RegExp): Promise<void> {
    await this.page
      .getByRole("button", typeof button === "string" ? { name: button, exact: true } : { name: button })
      .click();
  }

  async arrivesAt(where: string): Promise<void> {
    await this.page.waitForURL(({ pathname, search }) => pathname === where || pathname + search === where);
  }

  /** What stands in the list of transfers, newest first. */
  async transfers(): Promise<string[]> {
    const rows = this.page.getByRole("region", { name: "Transfers" }).getByRole("listitem");
    const texts = await rows.allInnerTexts();
    return texts.map((text) => text.replace(/\s+/g, " ").replace(/ \d+ \w+ at .*$/, ""));
  }

  /** Moves the focus on as a keyboard does, until it is on what is called so and can be seen to be. */
  async tabTo(name: string): Promise<void> {
    for (let steps = 0; steps < 20; steps += 1) {
      await this.page.keyboard.press("Tab");
      const focus = await this.page.evaluate<{ name: string; outline: string }>(`(() => {
        const it = document.activeElement;
        const name = it.labels?.length ? it.labels[0].textContent : it.textContent;
        return { name: name.replace(/\\s+/g, " ").trim(), outline: getComputedStyle(it).outlineStyle };
      })()`);
      if (focus.name !== name) continue;
      expect(focus.outline).not.toBe("none");
      return;
    }
    expect.unreachable(`the keyboard never gets to "${name}"`);
  }

  /** Holds the page against the rules of accessibility, in light and in dark; with full effort it keeps a picture of each. */
  async inspect(name: string, page = this.page): Promise<void> {
    const { width = 0 } = page.viewportSize() ?? {};
    expect(await page.evaluate("document.documentElement.scrollWidth"), `${name} fits`).toBeLessThanOrEqual(width);
    await page.evaluate(axe.source);
    for (const [colorScheme, runOnly] of LOOKS) {
      await page.emulateMedia({ colorScheme });
      const violations = await page.evaluate<unknown>(
        `axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })
          .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]))`,
      );
      expect(violations, `${name} in ${colorScheme}`).toEqual([]);
      const file = `${name}-${width < 500 ? "phone" : "desktop"}-${colorScheme}.png`;
      if (KEEPS_PICTURES) await page.screenshot({ path: path.join(SCREENSHOTS, file), fullPage: true });
    }
  }

  /** Goes, and says what the browser had to complain about. */
  async leave(): Promise<string[]> {
    await this.page.context().close();
    return this.#complaints;
  }
}
