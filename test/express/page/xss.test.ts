import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isTwoFactorError, type ErrorCode } from "../../../src/core/errors.js";
import { renderPage } from "../../../src/express/page/page.js";
import { SCRIPT } from "../../../src/express/page/script.js";
import { STYLE } from "../../../src/express/page/style.js";
import type { PageChallenge, PageView } from "../../../src/express/page/view.js";
import type { MethodName } from "../../../src/methods/method.js";
import { service } from "../../helpers/services.js";
import { launch, leave } from "./host.js";
import { CHALLENGE, SAMPLES } from "./samples.js";

/*
 * The threat: any value on the page may come from an attacker, through a payee's name, a URL, a header, a store. None of
 * them may add an element or an attribute. A real parser reads the page, because a parser is what would be fooled.
 */

const chromium = service("chromium");

const BREAKOUTS = [
  "",
  '"',
  "'",
  "`",
  '">',
  "'>",
  " x=",
  "-->",
  "]]>",
  "</title>",
  "</style>",
  "</script>",
  "</textarea></noscript>",
  "</p></form></main></body></html>",
  "&quot;>",
  "&#34;&#62;",
  '\u0000">',
  '"\r\n>',
];

const VECTORS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  " autofocus onfocus=alert(1) x=",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  "<meta http-equiv=refresh content=0;url=//e>",
  "<base href=//e/>",
  "<form action=//e><input name=code>",
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
];

const OTHERS = [
  "javascript:alert(1)",
  "<!--<script>",
  "<!doctype html>",
  "<?xml?>",
  "<![CDATA[<script>]]>",
  "${alert(1)}{{7*7}}<%= 7 %>#{7}",
  "{to}{wait}{time}{count}",
  "\uD800<script>\uDFFF",
  "＜script＞alert(1)＜/script＞",
  "\u2028\u2029<b>",
  "\u202E<b>\u2066",
  "+ADw-script+AD4-",
  "\u0008<b\u000C>",
  "constructor",
  "__proto__",
  "toString",
  "$&$`$'$1",
  "a".repeat(5000) + "<b>",
];

const PAYLOADS = [...BREAKOUTS.flatMap((breakout) => VECTORS.map((vector) => breakout + vector)), ...OTHERS];

type Slot = readonly [name: string, view: (value: string) => PageView];

function challenge(name: string, change: (value: string) => Partial<Record<keyof PageChallenge, unknown>>): Slot {
  return [
    `challenge.${name}`,
    (value) => ({ ...SAMPLES.approval, challenge: { ...CHALLENGE, ...(change(value) as Partial<PageChallenge>) } }),
  ];
}

function view(
  name: string,
  change: (value: string) => Partial<Record<keyof PageView, unknown>>,
  base: PageView = SAMPLES.sms,
): Slot {
  return [name, (value) => ({ ...base, ...(change(value) as Partial<PageView>) })];
}

/** Places whose type promises a number or a word of ours are tried as well: a promise is not a fence. */
const SLOTS: readonly Slot[] = [
  view("locale", (value) => ({ locale: value })),
  view("nonce", (value) => ({ nonce: value })),
  view("service", (value) => ({ service: value })),
  view("action", (value) => ({ action: value })),
  view("action where it ended", (value) => ({ action: value }), SAMPLES.expired),
  view("notice", (value) => ({ notice: value })),
  view("show label", (value) => ({ show: [[value, "1"]] })),
  view("show value", (value) => ({ show: [["payee", value]] })),
  view("alternative method", (value) => ({ alternatives: [{ method: value as MethodName }] })),
  view("alternative to", (value) => ({ alternatives: [{ method: "sms", to: value }] })),
  challenge("id", (value) => ({ id: value })),
  challenge("method", (value) => ({ method: value })),
  challenge("to", (value) => ({ to: value })),
  challenge("expiresAt", (value) => ({ expiresAt: value })),
  challenge("attemptsLeft", (value) => ({ attemptsLeft: value })),
  challenge("resendIn", (value) => ({ resendIn: value })),
  challenge("digits", (value) => ({ digits: value })),
  challenge("delivery", (value) => ({ delivery: value })),
  view("error.code", (value) => ({ error: { code: value as ErrorCode } })),
  view("error.attemptsLeft", (value) => ({ error: { code: "wrong_code", attemptsLeft: value } })),
  view("error.retryAfter", (value) => ({ error: { code: "limit_exceeded", retryAfter: value } })),
  view("ended method", (value) => ({ challenge: { ...CHALLENGE, method: value } }), SAMPLES.expired),
  view("replay name", (value) => ({ replay: { action: "/t", fields: [[value, "1"]] } }), SAMPLES.replay),
  view("replay value", (value) => ({ replay: { action: "/t", fields: [["a", value]] } }), SAMPLES.replay),
  view("replay action", (value) => ({ replay: { action: `/${value}`, fields: [["a", "1"]] } }), SAMPLES.replay),
  ...(["page", "verify", "resend", "challenge", "cancel", "back"] as const).flatMap((link): Slot[] => [
    view(`links.${link}`, (value) => ({ links: { ...SAMPLES.sms.links, [link]: `/${value}` } })),
    view(
      `links.${link} where it failed`,
      (value) => ({ links: { ...SAMPLES.sms.links, [link]: `/${value}` } }),
      SAMPLES.unavailable,
    ),
  ]),
];

/** Runs in the browser: the tree without its texts and values, and every value that is a URL or code. */
const SKELETON = `(source) => {
  const urls = new Set(["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "content", "style"]);
  const walk = (element) => {
    const attributes = [...element.attributes].map(({ name, value }) => {
      if (element.localName === "meta" || !urls.has(name)) return name;
      const url = new URL(value, "https://app.example/2fa");
      return name + "=" + (url.origin === "https://app.example" ? "local" : value);
    });
    const text = ["script", "style"].includes(element.localName) ? element.textContent : "";
    return [element.nodeName, attributes.sort().join(" "), text, [...element.childNodes].map((child) => {
      if (child.nodeType === 1) return walk(child);
      return child.nodeType === 3 ? "" : "#" + child.nodeType;
    }).join(",")].join("|");
  };
  return walk(new DOMParser().parseFromString(source, "text/html").documentElement);
}`;

/** Our own style and script are constants and most of the page: parsing them thousands of times shows nothing. */
function small(source: string): string {
  return source.replace(STYLE, () => "/* style */").replace(SCRIPT, () => "/* script */");
}

function rendered(slot: Slot, payload: string): string | null {
  try {
    return small(renderPage(slot[1](payload)));
  } catch (error) {
    // a link that is not a local path is refused before there is a page
    if (isTwoFactorError(error) && slot[0].startsWith("links.")) return null;
    throw error;
  }
}

describe.skipIf(chromium === undefined)("I06 the page, under attack", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch(chromium);
    page = await browser.newPage();
  });
  afterAll(() => leave(browser));

  it(`knows ${PAYLOADS.length} payloads`, () => {
    expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(150);
  });

  it.each(SLOTS)("keeps its elements and attributes whatever stands in %s", async (...slot) => {
    const harmless = slot[1]("x");
    // a target that leaves the origin is dropped, and with it the link or form that would have led there
    const dropped = { ...harmless, links: { ...harmless.links, back: "//e" } };
    const { replay: _replay, ...withoutReplay } = harmless;
    const views = slot[0].includes("back") ? [harmless, dropped] : [harmless];
    if (slot[0] === "replay action") views.push(withoutReplay);
    const baselines = views.map((each) => small(renderPage(each)));
    const sources = PAYLOADS.map((payload) => rendered(slot, payload));
    const changed = await page.evaluate<number[]>(
      `((args) => {
        const skeleton = ${SKELETON};
        const known = new Set(args.baselines.map(skeleton));
        return args.sources.flatMap((source, index) => source === null || known.has(skeleton(source)) ? [] : [index]);
      })(${JSON.stringify({ baselines, sources })})`,
    );
    expect(changed.map((index) => PAYLOADS[index])).toEqual([]);
  });

  it("notices an attribute that one payload adds", async () => {
    const hole = renderPage(SAMPLES.sms).replace("<main>", "<main onclick=alert(1)>");
    const [same, other] = await page.evaluate<string[]>(
      `[${JSON.stringify([renderPage(SAMPLES.sms), hole])}].flatMap((list) => list.map(${SKELETON}))`,
    );
    expect(other).not.toBe(same);
  });

  it("runs nothing of a payload, even where the policy is missing", async () => {
    const fresh = await browser.newPage();
    let ran = 0;
    fresh.on("dialog", (dialog) => {
      ran += 1;
      void dialog.dismiss();
    });
    for (const payload of PAYLOADS.slice(0, 60)) {
      await fresh.setContent(
        renderPage({
          ...SAMPLES.approval,
          service: payload,
          action: payload,
          show: [[payload, payload]],
          challenge: { ...CHALLENGE, id: payload, to: payload, expiresAt: payload },
          alternatives: [{ method: payload as MethodName, to: payload }],
        }),
      );
    }
    await fresh.close();
    expect(ran).toBe(0);
  });
});
