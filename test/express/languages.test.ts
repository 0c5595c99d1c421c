import express from "express";
import { describe, expect, it } from "vitest";
import { TEXTS as PAGE_TEXTS } from "../../src/express/page/texts.js";
import {
  email,
  require2fa,
  type LanguageTexts,
  type Message,
  type MethodFactory,
  sms,
  type TextOptions,
  TwoFactorError,
} from "../../src/index.js";
import { TEXTS as MESSAGE_TEXTS } from "../../src/verification/texts.js";
import { fixture, type Fixture } from "../helpers/app.js";

/** What ada reads on the page and in the message when she comes to a guarded route. */
async function asked(shop: Fixture, headers: Record<string, string> = {}): Promise<{ page: string; text: string }> {
  shop.guard("/vault");
  const agent = await shop.login("ada");
  await agent.get("/vault").set({ Accept: "text/html", ...headers });
  const { text: page } = await agent.get("/2fa").set({ Accept: "text/html", ...headers });
  return { page, text: shop.box.messages[0]?.text ?? "" };
}

function inLocale(locale: string | undefined, options: Parameters<typeof fixture>[0] = {}): Fixture {
  const shop = fixture(options);
  shop.contacts["ada"] = { phone: "+46707123456", ...(locale === undefined ? {} : { locale }) };
  return shop;
}

/** Keeps whole messages, as a provider gets them. */
function carriers(): { sent: Message[]; methods: MethodFactory[] } {
  const sent: Message[] = [];
  const keep = (message: Message): void => void sent.push(message);
  return { sent, methods: [sms(keep), email(keep)] };
}

/** A language of an app's own; here only the few words that a test looks at are its own. */
function madeUp(word: string): LanguageTexts {
  const { heading } = PAGE_TEXTS.en;
  const { code } = MESSAGE_TEXTS.en;
  return {
    page: { ...PAGE_TEXTS.en, heading: { ...heading, confirm: `${word} heading` } },
    messages: { ...MESSAGE_TEXTS.en, code: { ...code, named: `{code} ${word} {service}.` } },
  };
}

describe("the language of page and message", () => {
  it.each([
    ["pt-BR", undefined, "pt"],
    ["ar-EG", "de", "ar"],
    ["ja-JP", undefined, "ja"],
    ["zh", undefined, "en"],
    ["zh", "pl;q=0.5, xx", "pl"],
    [undefined, "pt-BR,pt;q=0.9,en;q=0.8", "pt"],
    [undefined, "ar-EG", "ar"],
    [undefined, "ja-JP, en;q=0.1", "ja"],
    [undefined, "zh-CN,zh;q=0.9", "en"],
    [undefined, undefined, "en"],
  ] as const)("of a person with the locale %s and a browser that asks for %s is %s", async (own, accepted, locale) => {
    const { page, text } = await asked(inLocale(own), accepted === undefined ? {} : { "Accept-Language": accepted });
    expect(page).toContain(`<html lang="${locale}" dir="${locale === "ar" ? "rtl" : "ltr"}">`);
    expect(page).toContain(PAGE_TEXTS[locale].heading.confirm);
    expect(text).toContain(MESSAGE_TEXTS[locale].secret);
    expect(text.split("\n").at(-1)).toMatch(/^@shop\.example #\d{6}$/);
  });
});

describe("words of a client in another language", () => {
  it.each(["ar", "ja", "el"])("bring no character into page or message of %s that shows nothing", async (locale) => {
    const shop = inLocale(locale);
    shop.app.post("/pay", express.json(), require2fa({ bind: (req) => req.body }), shop.handler);
    const agent = await shop.login("ada");
    await agent.post("/pay").send({ payee: "\u202eBob\u2066\u061c\u200f\u0000", amount: 10 }).expect(401);
    const { text: page } = await agent.get("/2fa").set("Accept", "text/html");
    expect(shop.box.messages[0]?.text).toContain("payee: Bob, amount: 10");
    for (const text of [page, shop.box.messages[0]?.text ?? ""]) {
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});

describe("texts of the app", () => {
  const texts: TextOptions = {
    de: {
      page: { button: { confirm: "Weiter <b>&" }, attempts: { one: "Letzter Versuch" } },
      messages: { secret: "Wir fragen nie danach <b>." },
    },
  };

  it("stand in place of ours, and leave the rest", async () => {
    const { page, text } = await asked(inLocale("de", { texts }));
    expect(page).toContain('class="primary">Weiter &lt;b&gt;&amp;</button>');
    expect(page).toContain(PAGE_TEXTS.de.neverShare);
    expect(page).toContain("Noch 5 Versuche");
    expect(text).toMatch(/ist Ihr Code für Shop\. .* Wir fragen nie danach <b>\.\n/);
  });

  it("stays as it was checked, whatever the app does with its own object", async () => {
    const heading = { confirm: "Mine" };
    const shop = inLocale("en", { texts: { en: { page: { heading } } } });
    heading.confirm = "{code}\u202e";
    expect((await asked(shop)).page).toContain("Mine");
  });

  it("are escaped wherever they stand", async () => {
    const evil = `<img src=x onerror="x">'{to}`;
    const shop = inLocale("en", { texts: { en: { page: { sent: { sms: [evil, "<i>"] }, neverShare: "<u>" } } } });
    const { page } = await asked(shop);
    expect(page).toContain("&lt;img src=x onerror=&quot;x&quot;&gt;&#39;<bdi");
    expect(page).not.toMatch(/<img|<u>|<i>/);
    const { sent, methods } = carriers();
    const mail = fixture({ methods, texts: { en: { messages: { alarm: "<img src=x>." } } } });
    await mail.tfa.verifications.start({ to: "ada@example.com", channel: "email" });
    expect(sent[0]?.html).toContain("<p>&lt;img src=x&gt;.</p>");
  });

  it("hold for one instance and no other", async () => {
    inLocale("de", { texts });
    expect((await asked(inLocale("de"))).page).toContain(PAGE_TEXTS.de.button.confirm);
  });

  it("are there where the app's own page fails", async () => {
    const render = (): string => {
      throw new Error("no template");
    };
    expect((await asked(inLocale("de", { texts, page: { render } }))).page).toContain("Weiter &lt;b&gt;");
  });

  it("reach verifications as well", async () => {
    const { sent, methods } = carriers();
    const shop = fixture({ methods, texts });
    await shop.tfa.verifications.start({ to: "+46707123456", locale: "de-AT" });
    expect(sent).toMatchObject([{ locale: "de", text: expect.stringContaining("Wir fragen nie danach") }]);
  });
});

describe("a language of the app", () => {
  const languages = { nb: madeUp("norsk"), "pt-BR": madeUp("brasileiro"), he: madeUp("ivrit") };

  it.each([
    ["nb-NO", undefined, "nb", "norsk"],
    [undefined, "no, nb;q=0.9, en;q=0.8", "nb", "norsk"],
    ["pt-br", undefined, "pt-BR", "brasileiro"],
  ])("is chosen like ours: %s, %s", async (own, accepted, lang, word) => {
    const { page, text } = await asked(
      inLocale(own, { languages }),
      accepted === undefined ? {} : { "Accept-Language": accepted },
    );
    expect(page).toContain(`<html lang="${lang}" dir="ltr">`);
    expect(page).toContain(`<h1>${word} heading</h1>`);
    expect(text).toMatch(new RegExp(`^\\d{6} ${word} Shop\\. `));
  });

  it("leaves ours where they are", async () => {
    expect((await asked(inLocale("pt-PT", { languages }))).page).toContain('<html lang="pt" dir="ltr">');
  });

  it("is written from the right where it is", async () => {
    expect((await asked(inLocale("he-IL", { languages }))).page).toContain('<html lang="he" dir="rtl">');
  });
});

describe("texts that are wrong", () => {
  const nb = madeUp("norsk");
  const { alarm: _alarm, ...incomplete } = nb.messages;
  it.each([
    [{ texts: { dee: {} } }, /unknown option "dee"\. Did you mean "de"\?/],
    [{ texts: { nb } }, /twoFactor\(\{ languages \}\) adds others: unknown option "nb"/],
    [{ texts: { de: { pages: {} } } }, /: de: unknown option "pages"\. Did you mean "page"\?/],
    [{ texts: { de: { page: { buton: {} } } } }, /: de\.page: unknown option "buton"\. Did you mean "button"\?/],
    [{ texts: { de: { page: { button: { confrm: "x" } } } } }, /de\.page\.button: .*Did you mean "confirm"\?/],
    [{ texts: { de: { page: { button: "x" } } } }, /de\.page\.button takes an object of options, not string/],
    [{ texts: { de: { page: { button: { confirm: 7 } } } } }, /de\.page\.button\.confirm must be one line of text/],
    [{ texts: { de: { page: { button: { confirm: " " } } } } }, /one line of text/],
    [{ texts: { de: { messages: { secret: "a\nb" } } } }, /de\.messages\.secret must be one line of text/],
    [{ texts: { de: { messages: { secret: "a\u2028b" } } } }, /one line of text/],
    [{ texts: { de: { messages: { secret: "a\u202eb" } } } }, /one line of text/],
    [
      { texts: { de: { messages: { code: { named: "Ihr Code" } } } } },
      /de\.messages\.code\.named must have .*\{code\}/,
    ],
    [{ texts: { de: { messages: { approves: "Freigabe." } } } }, /approves must have the placeholder \{what\}/],
    [{ texts: { de: { messages: { code: { plain: "{code} {service}" } } } } }, /unknown placeholder "\{service\}"/],
    [{ texts: { de: { page: { attempts: { several: "x" } } } } }, /attempts: unknown option "several"/],
    [{ texts: { de: { page: { attempts: { few: "{counts}" } } } } }, /attempts\.few: unknown placeholder "\{counts\}"/],
    [{ texts: { de: { page: { sent: { sms: ["x"] } } } } }, /de\.page\.sent\.sms takes a list of 2 texts/],
    [{ texts: { de: { page: { sent: { sms: ["x", undefined] } } } } }, /sent\.sms\[1\] is missing/],
    [{ texts: [] }, /takes an object of options, not an array/],
    [{ texts: null }, /takes an object of options, not null/],
    [{ languages: [nb] }, /takes an object of options, not an array/],
    [{ languages: { nb: { page: nb.page } } }, /: nb\.messages is missing: a language is added whole/],
    [{ languages: { nb: { page: nb.page, messages: incomplete } } }, /nb\.messages\.alarm is missing/],
    [{ languages: { nb: { ...nb, dialog: {} } } }, /: nb: unknown option "dialog"/],
    [{ languages: { de: nb } }, /"de" is there already.*texts: \{ de: /],
    [{ languages: { "pt-br": nb } }, /"pt-br" is no language tag.* Write "pt-BR"\./],
    [{ languages: { zh_Hant: nb } }, /Write "zh-Hant"/],
    [{ languages: { norwegian: nb } }, /"norwegian" is no language tag/],
    [{ languages: { 'nb" onload="x': nb } }, /is no language tag/],
    [{ languages: JSON.parse('{"__proto__": {}}') }, /"__proto__" is no language tag/],
  ])("throw at once: %j", (options, lesson) => {
    const make = (): Fixture => fixture(options as Parameters<typeof fixture>[0]);
    expect(make).toThrow(TwoFactorError);
    expect(make).toThrow(lesson);
  });

  it("are none of these", () => {
    expect(() =>
      fixture({
        texts: { ar: { page: { attempts: { two: "\u200fمحاولتان" } } }, de: {}, fr: { page: {}, messages: {} } },
        languages: {},
      }),
    ).not.toThrow();
  });
});
