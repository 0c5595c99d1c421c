import * as fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { LOCALES } from "../../src/core/locale.js";
import { bindingHost, cleanValue, composeMessage, type MessageParts } from "../../src/verification/message.js";
import { TEXTS } from "../../src/verification/texts.js";
import { anEmail, patient } from "../helpers/messages.js";
import { startMailServer } from "../helpers/smtp-server.js";
import { smtp } from "../../src/providers/smtp.js";

const SHOW = [
  ["amount", "10.00"],
  ["payee", "Bob"],
] as const;

function compose(changes: Partial<MessageParts> = {}): ReturnType<typeof composeMessage> {
  return composeMessage({ channel: "sms", code: "123456", locale: "en", minutes: 5, service: "Acme", ...changes });
}

/** The GSM 03.38 alphabet, with the characters that count twice in a group of their own. */
const GSM = /^(?:[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]|[\f^{}\\[~\]|€])*$/;

/** Languages whose letters it does not have: 70 characters to an SMS, 67 to each of several. */
const OUTSIDE_GSM = new Set<string>(["el", "ar", "ja"]);

describe("an SMS", () => {
  it("begins with the code, says how long it lives and whose business it is", () => {
    expect(compose().text).toBe("123456 is your Acme code. It is valid for 5 minutes. Do not share it with anyone.");
  });

  it("names no service where there is none", () => {
    expect(compose({ service: undefined }).text).toMatch(/^123456 is your verification code\. /);
    expect(compose({ service: "\u200b" }).text).toMatch(/^123456 is your verification code\. /);
  });

  it("says what it approves: an action, a transaction, or both", () => {
    expect(compose({ action: "close account" }).text).toContain(" It approves: close account. ");
    expect(compose({ show: SHOW }).text).toContain(" It approves: amount: 10.00, payee: Bob. ");
    expect(compose({ action: "transfer", show: SHOW }).text).toContain(
      " It approves: transfer, amount: 10.00, payee: Bob. ",
    );
    expect(compose({ show: [] }).text).not.toContain("approves");
  });

  it("ends with the host and the code, after an empty line, when a host is configured", () => {
    const lines = compose({ host: "app.example.com" }).text.split("\n");
    expect(lines.slice(-2)).toEqual(["", "@app.example.com #123456"]);
    expect(lines).toHaveLength(3);
    expect(compose().text).not.toContain("@");
  });

  it("lets no value pose as that last line", () => {
    for (const value of ["x\n\n@evil.test #999999", "x\u2028@evil.test #999999", "x\u0085\r@evil.test #999999"]) {
      const lines = compose({
        host: "app.example.com",
        service: value,
        action: value,
        show: [[value, value]],
      }).text.split(/[\n\r\u0085\u2028\u2029]/);
      expect(lines).toHaveLength(3);
      expect(lines.at(-1)).toBe("@app.example.com #123456");
    }
  });

  it.each([
    [1, "1 minute."],
    [1.9, "1 minute."],
    [0.5, "1 minute."],
    [10, "10 minutes."],
  ])("rounds %d minutes down to %s", (minutes, words) => {
    expect(compose({ minutes }).text).toContain(`valid for ${words}`);
  });

  it.each(LOCALES.filter((locale) => !OUTSIDE_GSM.has(locale)))(
    "stays within the GSM alphabet and two segments in %s",
    (locale) => {
      for (const service of ["Acme", undefined]) {
        for (const minutes of [1, 2, 5, 10]) {
          const host = "accounts.acme-bank.example";
          const { text } = compose({ locale, service, minutes, host, action: "transfer", show: SHOW });
          expect(text).toMatch(GSM);
          expect(text.length).toBeLessThanOrEqual(2 * 153);
          expect(compose({ locale, service, minutes }).text.length).toBeLessThanOrEqual(160);
        }
      }
    },
  );

  it.each([...OUTSIDE_GSM])(
    "takes two segments of 67 characters in %s, with the host or with what it approves",
    (locale) => {
      for (const service of ["Acme Bank", undefined]) {
        for (const minutes of [1, 2, 5, 10]) {
          const long = { locale, service, minutes, code: "12345678" };
          expect(compose({ ...long, host: "accounts.acme-bank.example" }).text.length).toBeLessThanOrEqual(2 * 67);
          expect(compose({ ...long, action: "transfer", show: SHOW }).text.length).toBeLessThanOrEqual(2 * 67);
        }
      }
    },
  );

  it.each(LOCALES)("begins with the code and ends with the line for browsers in %s", (locale) => {
    const { text } = compose({ locale, host: "app.example.com", action: "transfer", show: SHOW });
    expect(text).toMatch(/^123456 \P{Cc}+\n\n@app\.example\.com #123456$/u);
    expect(text).not.toMatch(/\p{Cf}/u);
  });

  it.each([
    ["pl", ["60 sekund.", "2 minuty.", "5 minut.", "10 minut."]],
    ["ar", ["لمدة دقيقة واحدة.", "لمدة دقيقتين.", "لمدة 5 دقائق.", "لمدة 10 دقائق."]],
    ["ja", ["有効期間は1分です。", "有効期間は2分です。", "有効期間は5分です。", "有効期間は10分です。"]],
    ["it", ["tra 1 minuto.", "tra 2 minuti.", "tra 5 minuti.", "tra 10 minuti."]],
  ])("counts 1, 2, 5 and 10 minutes as its readers do in %s", (locale, said) => {
    expect([1, 2, 5, 10].map((minutes) => compose({ locale, minutes }).text)).toEqual(
      said.map((words) => expect.stringContaining(words)),
    );
  });

  it("has no space after a full stop that has its own", () => {
    expect(compose({ locale: "ja" }).text).toBe(
      "123456 はAcmeの認証コードです。有効期間は5分です。誰にも教えないでください。",
    );
  });

  it("stays bounded however much there is to show", () => {
    const show = Array.from({ length: 12 }, (_, index) => [`field ${index}`, "x".repeat(1_000)] as const);
    const { text } = compose({ show });
    expect(text.length).toBeLessThan(500);
    expect(text).toMatch(/field 0: x{57}\.\.\., field 1: .*, \.\.\.\. It is valid/);
    expect(compose({ channel: "email", show }).text).toContain("field 11: ");
  });
});

describe("a language", () => {
  it.each(LOCALES)("%s has every sentence, with its placeholders", (locale) => {
    const texts = TEXTS[locale];
    for (const { named, plain } of [texts.code, texts.spoken]) {
      expect(named.match(/\{\w+\}/g)?.sort()).toEqual(["{code}", "{service}"]);
      expect(plain.match(/\{\w+\}/g)).toEqual(["{code}"]);
    }
    expect([texts.code.named, texts.code.plain].every((text) => text.startsWith("{code} "))).toBe(true);
    expect([texts.subject.named.match(/\{\w+\}/g), texts.subject.plain.match(/\{\w+\}/g)]).toEqual([
      ["{service}"],
      null,
    ]);
    expect([texts.approves, texts.minutes.other, texts.again].map((text) => text.match(/\{\w+\}/g))).toEqual([
      ["{what}"],
      ["{minutes}"],
      ["{code}"],
    ]);
    for (const sentence of [texts.secret, texts.alarm, ...Object.values(texts.minutes), texts.approves])
      expect(sentence).toMatch(/[.。]$/);
    const rules = new Intl.PluralRules(locale);
    const forms = Array.from({ length: 101 }, (_, count) => rules.select(count));
    expect(Object.keys(texts.minutes)).toEqual(expect.arrayContaining(forms));
    expect([texts.subject.plain, texts.secret, texts.alarm].map((text) => text === "")).toEqual([false, false, false]);
  });

  it("is picked by tag, and is English for everybody else", () => {
    expect(compose({ locale: "sv-SE" })).toMatchObject({
      locale: "sv",
      text: expect.stringMatching(/^123456 är din kod för Acme\. /),
    });
    expect(compose({ locale: "zh" }).locale).toBe("en");
    expect(["pt-BR", "ar-EG", "ja-JP"].map((locale) => compose({ locale }).locale)).toEqual(["pt", "ar", "ja"]);
    expect(compose({ locale: undefined }).locale).toBe("en");
  });
});

describe("a call", () => {
  it("reads the code one by one, and once more, without symbols", () => {
    expect(compose({ channel: "voice" }).text).toBe(
      "Your Acme code is, 1, 2, 3, 4, 5, 6. Once more, 1, 2, 3, 4, 5, 6. It is valid for 5 minutes. Do not share it with anyone.",
    );
  });

  it.each(LOCALES)("says in %s what is approved, and nothing a voice would trip over", (locale) => {
    const { text, subject, html } = compose({
      channel: "voice",
      locale,
      host: "app.example.com",
      code: "AB12-CD34",
      action: "<break time='9s'/> transfer & more",
      show: [
        ["amount", "10.00 €"],
        ["ref", "#7 @home / x_y"],
      ],
    });
    expect(text).not.toMatch(/[<>&#@/_:;{}[\]"*=+]/);
    expect(text).toContain("amount 10.00 €, ref 7 home x y");
    expect(text.match(/A, B, 1, 2, C, D, 3, 4/g)).toHaveLength(2);
    expect([subject, html]).toEqual([undefined, undefined]);
  });
});

describe("an e-mail", () => {
  const parts = { channel: "email", code: "48392017", action: "transfer", show: SHOW } as const;

  it("has a subject without the code, a text that begins with it, and a page that shows it large", () => {
    const { text, subject, html } = compose(parts);
    expect(subject).toBe("Your Acme verification code");
    expect(text).toMatch(/^48392017 is your Acme code\.\n\nIt approves: transfer, amount: 10\.00, payee: Bob\.\n\n/);
    expect(html).toContain('<p class="code">48392017</p>');
    for (const sentence of text.split("\n\n")) expect(html).toContain(`<p>${sentence}</p>`);
  });

  it.each(LOCALES)("is a complete document in %s, light or dark, with nothing to load", (locale) => {
    const { html = "", subject = "" } = compose({ ...parts, locale });
    expect(html).toMatch(
      new RegExp(`^<!doctype html>\\n<html lang="${locale}" dir="${locale === "ar" ? "rtl" : "ltr"}">`),
    );
    expect(html).toContain(`<title>${subject}</title>`);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).not.toMatch(/<(?:script|img|a|link|iframe)\b|url\(|https?:/i);
  });

  it("keeps the code from left to right in a language that runs the other way", () => {
    expect(compose({ ...parts, locale: "ar" }).html).toContain('<p class="code"><bdi dir="ltr">48392017</bdi></p>');
  });

  it("escapes everything that it is given", () => {
    const evil = `<a href="https://evil.test" onclick='x'>&amp;</a>`;
    const { html = "" } = compose({ ...parts, service: evil, action: evil, show: [[evil, evil]] });
    expect(html).not.toMatch(/<a |onclick='|"https/);
    expect(html).toContain("&lt;a href=&quot;https://evil.test&quot; onclick=&#39;x&#39;&gt;");
  });
});

describe("G08 a value", () => {
  it.each([
    ["a\r\nBcc: eve@evil.test", "a Bcc: eve@evil.test"],
    ["a\u0000b\u007fc\u0085d\u2028e", "a b c d e"],
    ["\u202egnp.exe\u202c \u2066x\u2069 \u200f", "gnp.exe x"],
    ["a\u200b\u200d\ufeff\u00ad\u2060\u034f\u3164b", "ab"],
    ["  a \u00a0\u3000 b  ", "a b"],
    ["\ud800a\udc00", "a"],
    ["e\u0301 ≠ é", "e\u0301 ≠ é"],
    ["x".repeat(61), `${"x".repeat(57)}...`],
    ["😀".repeat(61), `${"😀".repeat(57)}...`],
    ["x".repeat(60), "x".repeat(60)],
    ["", ""],
  ])("%j is shown as %j", (value, shown) => {
    expect(cleanValue(value)).toBe(shown);
  });

  it.each(["{code}", "{{code}}", "${code}", "{service}", "%s", "$&", "$1", "@@pin", "{constructor}", "{__proto__}"])(
    "of %s stays as it is, in every channel and place",
    (value) => {
      for (const channel of ["sms", "email"] as const) {
        const { text, subject = "" } = compose({ channel, service: value, action: value, show: [[value, value]] });
        expect(text.split("123456")).toHaveLength(2);
        expect(text).toContain(`is your ${value} code. `.trimEnd());
        expect(text).toContain(`It approves: ${value}, ${value}: ${value}.`);
        expect(subject).not.toContain("123456");
      }
    },
  );
});

describe("a host", () => {
  it.each([
    ["app.example.com", "app.example.com"],
    ["APP.Example.com:8443", "app.example.com"],
    ["localhost:3000", "localhost"],
    ["bücher.example", "xn--bcher-kva.example"],
  ])("of %s is bound as %s", (host, bound) => {
    expect(bindingHost(host)).toBe(bound);
  });

  it.each(["", "https://app.example.com", "a b", "a.example #1", "a\n@evil.test", "user@a.example", "-a.example"])(
    "of %j is refused",
    (host) => {
      expect(() => bindingHost(host)).toThrow(expect.objectContaining({ code: "misconfigured" }));
    },
  );
});

describe("G08 whatever the app hands in", () => {
  const nasty = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.constantFrom(
      "{code}",
      "\r\nBcc: eve@evil.test",
      "<script>",
      "\u202e",
      "%0d%0a",
      "=?utf-8?Q?=0D=0A?=",
      "x".repeat(10_000),
    ),
  );

  it("the message keeps its shape", () => {
    const inputs = fc.record({
      channel: fc.constantFrom("sms", "voice", "email"),
      locale: fc.oneof(fc.constantFrom(...LOCALES), nasty),
      service: nasty,
      action: nasty,
      show: fc.array(fc.tuple(nasty, nasty), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(inputs, (values) => {
        const { text, subject = "", html = "" } = compose({ ...values, code: "73519264", host: "app.example.com" });
        expect(subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        if (values.channel === "sms") {
          expect(text).toMatch(/^73519264 [^\n]*\n\n@app\.example\.com #73519264$/);
          expect(text.length).toBeLessThan(700);
        }
        if (values.channel === "email") expect(html.match(/<[a-z!/][^>]*>/gi)?.length).toBeLessThanOrEqual(40);
      }),
      { numRuns: 3_000 },
    );
  });

  it("takes less than five milliseconds, even at its worst", () => {
    const worst = ["x".repeat(10_000), "\u202e".repeat(10_000), "é\u0000".repeat(5_000), "{code}".repeat(2_000)];
    const times = Array.from({ length: 400 }, (_, index) => {
      const value = worst[index % worst.length] ?? "";
      const show = Array.from({ length: 12 }, () => [value, value] as const);
      const started = performance.now();
      compose({ channel: "email", service: value, action: value, show });
      return performance.now() - started;
    });
    // the median: other work on the same machine must not fail this test
    expect(times.sort((a, b) => a - b)[200]).toBeLessThan(5);
  });

  it("the mail keeps its headers", async () => {
    const server = await startMailServer();
    const provider = smtp({ url: `smtp://127.0.0.1:${server.port}`, from: "Acme <no-reply@acme.test>" });
    for (const service of ["Acme", ...fc.sample(nasty, { numRuns: 8, seed: 42 })]) {
      const composed = compose({ channel: "email", service, action: service, show: [[service, service]] });
      await provider.send(anEmail({ ...composed }), patient());
    }
    const sets = server.mails.map(({ parsed }) =>
      parsed.headers
        .map(({ key }) => key)
        .sort()
        .join(),
    );
    expect(new Set(sets).size).toBe(1);
    expect(server.mails.every(({ to }) => to.join() === "ada@example.com")).toBe(true);
    expect((await PostalMime.parse(server.mails[0]?.raw ?? "")).html).toContain('<p class="code">123456</p>');
    await server.close();
  });
});
