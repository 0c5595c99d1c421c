import { describe, expect, it } from "vitest";
import { ERRORS, isTwoFactorError, type ErrorCode } from "../../../src/core/errors.js";
import { renderPage } from "../../../src/express/page/page.js";
import { pagePolicy } from "../../../src/express/page/policy.js";
import { SCRIPT } from "../../../src/express/page/script.js";
import { STYLE } from "../../../src/express/page/style.js";
import type { PageView } from "../../../src/express/page/view.js";
import { fixture } from "../../helpers/app.js";
import { BASE, CHALLENGE, kindOf, KINDS, NONCE, SAMPLES } from "./samples.js";

const title = (page: string): string | undefined => /<title>([^<]*)<\/title>/.exec(page)?.[1];
const heading = (page: string): string | undefined => /<h1>([^<]*)<\/h1>/.exec(page)?.[1];

/** Every form of the page: where it posts to and the hidden fields it carries. */
function forms(page: string): { action: string | undefined; fields: Record<string, string> }[] {
  return [...page.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes = "", content = ""]) => {
    expect(attributes).toContain('method="post"');
    expect(content).toContain('<button type="submit"');
    const fields = [...content.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return {
      action: /action="([^"]*)"/.exec(attributes)?.[1],
      fields: Object.fromEntries(fields.map(([, name = "", value = ""]) => [name, value])),
    };
  });
}

describe("pagePolicy", () => {
  it("allows the page's own style and script and posts to its own origin", () => {
    expect(pagePolicy(NONCE).split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'nonce-${NONCE}'`,
      `script-src 'nonce-${NONCE}'`,
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "object-src 'none'",
      "trusted-types 'none'",
      "require-trusted-types-for 'script'",
    ]);
  });

  it.each([
    "",
    "short",
    "'unsafe-inline'",
    `${NONCE}' *`,
    `${NONCE}; script-src *`,
    `${NONCE}\r\nSet-Cookie: a=b`,
    "é".repeat(20),
  ])("refuses %j as a nonce", (nonce) => {
    expect(() => pagePolicy(nonce)).toThrow(/nonce/);
  });
});

describe.each(Object.entries<PageView>(SAMPLES))("the page %s", (_name, view) => {
  const page = renderPage(view);

  it("is a whole document that asks not to be indexed or named to others", () => {
    expect(page).toMatch(/^<!doctype html>\s*<html lang="en" dir="ltr">/);
    expect(page).toContain('<meta charset="utf-8"');
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1"');
    expect(page).toContain('<meta name="color-scheme" content="light dark"');
    expect(page).toContain('<meta name="robots" content="noindex"');
    expect(page).toMatch(/<meta name="referrer" content="same-origin"/);
    expect(page.indexOf("<meta charset")).toBeLessThan(1024);
  });

  it("carries the nonce on its one style and its one script and nothing inline beside them", () => {
    expect(page.match(/<style nonce="([^"]*)">/g)).toHaveLength(1);
    expect(page.match(/<script nonce="([^"]*)">/g)).toHaveLength(1);
    expect(page.match(/<(style|script)/g)).toHaveLength(2);
    expect(page).not.toMatch(/\sstyle=|\son[a-z]+=|javascript:|https?:\/\//);
  });

  it("has one heading, and a title that ends with the service", () => {
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(title(page)).toContain(heading(page));
    expect(title(page)).toMatch(/ · Acme Bank$/);
  });

  it("never stands without a way on", () => {
    expect(page).toMatch(/<button type="submit"|<a class="button/);
  });

  it("puts no challenge id into a link or an action", () => {
    expect(page).not.toMatch(/(?:href|action)="[^"]*challenge-1/);
  });
});

describe("the challenge", () => {
  it("posts the code with the challenge to the place that verifies", () => {
    expect(forms(renderPage(SAMPLES.totp))).toEqual([
      { action: "/2fa/verify", fields: { challenge: "challenge-1" } },
      { action: "/2fa/cancel", fields: { challenge: "challenge-1" } },
    ]);
  });

  it("has a form for a resend, for every other method and for giving up", () => {
    expect(forms(renderPage({ ...SAMPLES.sms, action: "transfer" }))).toEqual([
      { action: "/2fa/verify", fields: { challenge: "challenge-1" } },
      { action: "/2fa/resend", fields: { challenge: "challenge-1" } },
      { action: "/2fa/challenge", fields: { challenge: "challenge-1", method: "totp" } },
      { action: "/2fa/challenge", fields: { challenge: "challenge-1", method: "voice" } },
      { action: "/2fa/challenge", fields: { challenge: "challenge-1", method: "email" } },
      { action: "/2fa/challenge", fields: { challenge: "challenge-1", method: "recovery-code" } },
      { action: "/2fa/cancel", fields: { challenge: "challenge-1" } },
    ]);
  });

  it("takes the code in one input that phones and password managers understand", () => {
    const input = /<input\s+id="code"[\s\S]*?\/>/.exec(renderPage(SAMPLES.sms))?.[0] ?? "";
    expect(input).toContain('name="code"');
    expect(input).toContain('inputmode="numeric"');
    expect(input).toContain('autocomplete="one-time-code"');
    expect(input).toContain('maxlength="64"');
    expect(input).toContain(" autofocus");
    expect(input).not.toContain('aria-invalid="');
    expect(renderPage(SAMPLES.sms)).toContain('<label for="code">6-digit code</label>');
  });

  it("asks for a recovery code with a keyboard that has letters", () => {
    const page = renderPage(SAMPLES.recovery);
    expect(page).toContain('inputmode="text"');
    expect(page).not.toMatch(/pattern=|one-time-code/);
  });

  it("shows what is being approved before it asks for the code", () => {
    const page = renderPage(SAMPLES.approval);
    expect(page).toMatch(/<dt><bdi>amount<\/bdi><\/dt>\s*<dd><bdi>1,250.00 EUR<\/bdi><\/dd>/);
    expect(page.indexOf("<dl>")).toBeLessThan(page.indexOf('id="code"'));
    expect(heading(page)).toBe("Confirm this request");
  });

  it("makes invisible and reordering characters of a payee visible", () => {
    const page = renderPage({ ...BASE, show: [["payee\n", "\u202Eeve\u2066\u200B\u0000bob\u00A0\uFEFF"]] });
    expect(page).toContain("<dt><bdi>payee </bdi></dt>");
    expect(page).toContain("<dd><bdi>\uFFFDeve\uFFFD\uFFFD\uFFFDbob  </bdi></dd>");
    expect(renderPage({ ...BASE, show: [["note", ""]] })).toContain("<dd><bdi>–</bdi></dd>");
  });

  it("says how many attempts are left, once", () => {
    expect(renderPage(SAMPLES.sms).match(/5 attempts left/g)).toHaveLength(1);
    const wrong = renderPage(SAMPLES.wrong);
    expect(wrong).toContain("Check the code and enter it again. 1 attempt left.");
    expect(wrong).not.toContain("5 attempts left");
  });

  it("marks the input after a wrong code and points to what is wrong", () => {
    const wrong = renderPage(SAMPLES.wrong);
    expect(wrong).toMatch(/<div class="alert" role="alert" id="problem">/);
    expect(wrong).toContain('aria-describedby="problem hint approving facts"');
    expect(wrong).toContain('aria-invalid="true"');
    expect(title(wrong)).toBe("Wrong code · Confirm this request · Acme Bank");
  });

  it("does not blame the input for what is not its fault", () => {
    expect(renderPage(SAMPLES.limited)).not.toContain('aria-invalid="');
    expect(renderPage(SAMPLES.undelivered)).not.toContain('aria-invalid="');
  });

  it("says that sending failed and does not say that it was sent", () => {
    const page = renderPage(SAMPLES.undelivered);
    expect(page).toContain("The code could not be sent");
    expect(page).not.toContain("We sent");
  });

  it("waits as long as the limit says before it offers another message", () => {
    expect(renderPage(SAMPLES.sms)).toContain('data-wait="27"');
    expect(renderPage(SAMPLES.limited)).toContain('data-wait="42"');
    expect(renderPage(SAMPLES.undelivered)).not.toContain('data-wait="');
  });

  it("never disables a button by itself: without a script everything can be pressed", () => {
    for (const view of Object.values(SAMPLES)) expect(renderPage(view)).not.toMatch(/<button[^>]*\sdisabled/);
  });

  it("raises no alarm where a second factor is merely asked for", () => {
    expect(renderPage({ ...BASE, error: { code: "second_factor_required" } })).toBe(renderPage(BASE));
  });

  it("asks for no code while the account is locked", () => {
    const page = renderPage(SAMPLES.locked);
    expect(page).not.toContain('name="code"');
    expect(page).toContain("To protect your account, try again in 14 minutes.");
    expect(title(page)).toBe("Confirming is locked · Acme Bank");
  });

  it("needs no recipient, service or number of digits", () => {
    const { to: _to, ...challenge } = CHALLENGE;
    const { service: _service, ...view } = BASE;
    const page = renderPage({ ...view, challenge: { ...challenge, digits: 0 } });
    expect(page).toContain("We sent you a text message with a code.");
    expect(page).toContain('<label for="code">Code</label>');
    expect(page).not.toContain("pattern=");
    expect(title(page)).toBe("Confirm it’s you");
  });

  it("is nothing to confirm without a challenge in it", () => {
    const { challenge: _challenge, ...view } = BASE;
    expect(renderPage(view)).toBe(renderPage(SAMPLES.nothing));
  });
});

describe("an ended challenge", () => {
  it("starts again by a POST, as that may send a message", () => {
    expect(forms(renderPage({ ...SAMPLES.expired, challenge: CHALLENGE, action: "transfer" }))).toEqual([
      { action: "/2fa/challenge", fields: { challenge: "challenge-1", method: "sms" } },
    ]);
  });

  it.each([
    [SAMPLES.expired, "The code has expired"],
    [SAMPLES.used, "Already confirmed"],
    [SAMPLES.spent, "Too many wrong codes"],
    [SAMPLES.canceled, "Canceled"],
  ] as const)("says how it ended, and leads back", (view, said) => {
    const page = renderPage(view);
    expect(heading(page)).toBe(said);
    expect(page).toContain('href="/vault?tab=1"');
  });

  it("offers no second start to a locked account", () => {
    expect(forms(renderPage({ ...SAMPLES.expired, error: { code: "account_locked", retryAfter: 60 } }))).toEqual([]);
  });
});

describe("the end", () => {
  it("links to where the person was going", () => {
    expect(renderPage(SAMPLES.done)).toContain('<a class="button primary" href="/vault?tab=1">Continue</a>');
  });

  it("carries an interrupted form in order, repeated names included", () => {
    const replay = {
      action: "/t?x=1&y=2",
      fields: [
        ["a", "1"],
        ["a", "2"],
        ["submit", '"'],
      ] as const,
    };
    const page = renderPage({ ...SAMPLES.replay, replay });
    expect(page).toContain('action="/t?x=1&amp;y=2"');
    expect([...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].slice(-3).map((match) => match.slice(1))).toEqual([
      ["a", "1"],
      ["a", "2"],
      ["submit", "&quot;"],
    ]);
  });
});

describe("a target that leaves the origin", () => {
  it.each(["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"])(
    "%s is dropped where a request may have brought it",
    (target) => {
      const page = renderPage({ ...SAMPLES.done, links: { ...BASE.links, back: target } });
      expect(page).not.toContain("evil");
      expect(page).not.toContain("<a ");
      const replay = renderPage({ ...SAMPLES.replay, replay: { action: target, fields: [["a", "1"]] } });
      expect(replay).toBe(renderPage(SAMPLES.done));
    },
  );

  it.each(["page", "verify", "resend", "challenge", "cancel"] as const)("is refused for links.%s", (name) => {
    try {
      renderPage({ ...BASE, links: { ...BASE.links, [name]: "//evil.example" } });
      expect.unreachable();
    } catch (error) {
      expect(isTwoFactorError(error) && error.code).toBe("misconfigured");
    }
  });
});

describe("every kind of page", () => {
  it.each(Object.entries(KINDS))("%s has a sample, which is held against the rules of accessibility", (kind, name) => {
    expect(kindOf(SAMPLES[name])).toBe(kind);
  });

  it("leads whoever is not logged in to the login of the app, where it has one", () => {
    expect(renderPage(SAMPLES.login_at)).toContain('<a class="button primary" href="/login">Log in</a>');
    expect(renderPage(SAMPLES.login)).toContain('href="/2fa">Try again</a>');
    for (const login of ["//evil.example", "https://evil.example", "login", ""]) {
      expect(() => fixture({ page: { login } })).toThrowError(/page: \{ login \}/);
    }
  });
});

describe("every error code", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("%s reads as a sentence wherever it turns up", (code) => {
    for (const state of ["challenge", "ended", "not_enrolled", "login", "unavailable"] as const) {
      const page = renderPage({ ...BASE, state, error: { code, retryAfter: 120, attemptsLeft: 2 } });
      expect(page).not.toContain(code);
      expect(page).not.toMatch(/undefined|[^s]NaN|\[object/);
    }
  });
});

describe("style and script", () => {
  it("cannot end their element or be split by a comment", () => {
    for (const source of [STYLE, SCRIPT]) expect(source).not.toMatch(/<\/|<!--|<script/i);
  });

  it("take no physical direction and load nothing", () => {
    expect(STYLE).not.toMatch(/(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)|url\(|@import/);
  });

  it("writes no html and evaluates nothing", () => {
    expect(SCRIPT).not.toMatch(/innerHTML|outerHTML|document\.write|insertAdjacent|eval|Function\(|fetch|XMLHttp/);
  });
});
