import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTemplate, pickTemplate, renderTemplate, type TemplateSyntax } from "../../src/verification/template.js";
import { times } from "../helpers/effort.js";

const SYNTAXES = ["any", "{code}", "{token}", "{{code}}", "@@pin"] as const satisfies readonly TemplateSyntax[];
const values = { code: "312209", minutes: 9.2, args: { name: "Nick", n: 7, x: undefined, list: [1], no: null } };

describe("a place for the code", () => {
  it.each([
    ["{code}", "Your code is {code}.", "Your code is 312209."],
    ["{token}", "One time PIN: {token} for request# 12346", "One time PIN: 312209 for request# 12346"],
    ["{{code}}", "Code {{code}}, {{ validMinutes }} min", "Code 312209, 10 min"],
    ["@@pin", "@@name your code is @@pin and @@x", "Nick your code is 312209 and @@x"],
    [
      "any",
      "{code} {token} {{code}} {{validMinutes}} @@pin @@name {name} {{n}}",
      "312209 312209 312209 10 312209 Nick Nick 7",
    ],
  ] as const)("is %s: %s", (syntax, template, text) => {
    expect(renderTemplate(template, values, syntax)).toBe(text);
  });

  it.each([
    [
      "{code}",
      "{code} {token} {{code}} {{validMinutes}} @@pin @@name",
      "312209 {token} {{code}} {{validMinutes}} @@pin @@name",
    ],
    ["{token}", "{code} {token} {{code}} @@pin {name}", "{code} 312209 {{code}} @@pin {name}"],
    ["{{code}}", "{code} {{code}} {token} @@pin {{name}}", "{code} 312209 {token} @@pin {{name}}"],
    ["@@pin", "{code} {{code}} @@pin {name} @@code @@pinned", "{code} {{code}} 312209 {name} @@code @@pinned"],
  ] as const)("in %s leaves the other styles alone", (syntax, template, text) => {
    expect(renderTemplate(template, values, syntax)).toBe(text);
  });

  it.each(SYNTAXES)("must be there (%s)", (syntax) => {
    for (const template of [
      "",
      "no place",
      "{Code}",
      "{ code }",
      "{code",
      "code}",
      "{{code}",
      "@pin",
      "@@Pin",
      "{validMinutes}",
    ]) {
      if (syntax === "any" && template === "{{code}") continue;
      if (syntax === "{code}" && template === "{{code}") continue;
      expect(() => renderTemplate(template, values, syntax)).toThrow(
        expect.objectContaining({ code: "invalid_request" }),
      );
      expect(() => checkTemplate(template, syntax)).toThrow(/place for the code/);
    }
  });

  it("is found without a code at hand", () => {
    expect(() => checkTemplate("Hej @@pin", "@@pin")).not.toThrow();
  });
});

describe("rendering", () => {
  it("G08 is one pass: what a value holds is no place", () => {
    const args = { name: "{code} @@pin {{code}} $& $1 $`", pin: "mine", code: "mine" };
    const text = renderTemplate("@@name: @@pin", { code: "@@name{{code}}", minutes: 1, args });
    expect(text).toBe("{code} @@pin {{code}} $& $1 $`: @@name{{code}}");
  });

  it("lets no argument stand in for the code", () => {
    expect(
      renderTemplate("{code} {token} @@pin", { code: "1", minutes: 1, args: { code: "x", token: "x", pin: "x" } }),
    ).toBe("1 1 1");
  });

  it("leaves a place that nobody knows, an argument that is no text, and inherited names", () => {
    const template = "{code} @@list @@no @@x {constructor} @@toString {{__proto__}} @@hasOwnProperty";
    expect(renderTemplate(template, values)).toBe(template.replace("{code}", "312209"));
  });

  it("rounds minutes up, to one at least", () => {
    const minutes = (left: number) => renderTemplate("{{code}}{{validMinutes}}", { code: "", minutes: left });
    expect([10, 9.01, 1, 0.2, 0, -3].map(minutes)).toEqual(["10", "10", "1", "1", "1", "1"]);
  });
});

describe("a translation", () => {
  const texts = { sv: "sv", "pt-BR": "pt-BR", pt: "pt", GR: "GR", default: "default" };
  it.each([
    ["sv", undefined, "sv"],
    ["sv-FI", undefined, "sv"],
    ["pt-BR", undefined, "pt-BR"],
    ["pt-PT", undefined, "pt"],
    ["de", "GR", "GR"],
    ["de", "gr", "GR"],
    [undefined, "GR", "GR"],
    ["sv", "GR", "sv"],
    ["de", "DE", "default"],
    [undefined, undefined, "default"],
    ["constructor", "toString", "default"],
  ])("for the locale %s in %s is %s", (locale, country, text) => {
    expect(pickTemplate(texts, locale, country)).toBe(text);
  });

  it("is the first where there is no default, and an error where there is none", () => {
    expect(pickTemplate({ sv: "hej", fi: "moi" }, "de")).toBe("hej");
    expect(() => pickTemplate({}, "de")).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(pickTemplate("plain", "de", "DE")).toBe("plain");
  });
});

/** The same by hand, one character after the other; `undefined` where the code has no place. */
function reference(
  template: string,
  syntax: TemplateSyntax,
  code: string,
  minutes: number,
  args: Record<string, unknown>,
): string | undefined {
  let at = 0;
  let out = "";
  let placed = false;
  const isWord = (character: string | undefined) => character !== undefined && /[A-Za-z0-9_]/.test(character);
  const word = (from: number): string => {
    let end = from;
    while (isWord(template[end]) && end - from < 64) end += 1;
    return template.slice(from, end);
  };
  const blanks = (from: number): number => {
    let end = from;
    while (/\s/.test(template[end] ?? "")) end += 1;
    return end;
  };
  const place = (kind: "double" | "single" | "at", name: string, written: string): string => {
    const isCode = { double: ["code"], single: ["code", "token"], at: ["pin"] }[kind].includes(name);
    const wanted = {
      any: isCode,
      "{code}": kind === "single" && name === "code",
      "{token}": kind === "single" && name === "token",
      "{{code}}": kind === "double" && name === "code",
      "@@pin": kind === "at" && name === "pin",
    };
    if (wanted[syntax]) {
      placed = true;
      return code;
    }
    if (kind === "double" && name === "validMinutes" && (syntax === "any" || syntax === "{{code}}"))
      return String(Math.max(1, Math.ceil(minutes)));
    const open = syntax === "any" || (syntax === "@@pin" && kind === "at");
    const value = open && Object.hasOwn(args, name) ? args[name] : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : written;
  };
  while (at < template.length) {
    const found = readPlace(at);
    if (found) {
      out += place(found.kind, found.name, template.slice(at, found.end));
      at = found.end;
    } else {
      out += template[at];
      at += 1;
    }
  }
  return placed ? out : undefined;

  function readPlace(from: number): { kind: "double" | "single" | "at"; name: string; end: number } | undefined {
    if (template.startsWith("{{", from)) {
      const start = blanks(from + 2);
      const name = word(start);
      const end = blanks(start + name.length);
      if (name !== "" && template.startsWith("}}", end)) return { kind: "double", name, end: end + 2 };
    }
    if (template[from] === "{") {
      const name = word(from + 1);
      if (name !== "" && template[from + 1 + name.length] === "}")
        return { kind: "single", name, end: from + name.length + 2 };
    }
    if (template.startsWith("@@", from)) {
      const name = word(from + 2);
      if (name !== "") return { kind: "at", name, end: from + 2 + name.length };
    }
    return undefined;
  }
}

describe("G08 100,000 templates", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "{code}",
      "{token}",
      "{{code}}",
      "{{validMinutes}}",
      "@@pin",
      "@@name",
      "{name}",
      "{",
      "}",
      "{{",
      "}}",
      "@",
      "@@",
      " ",
      "\n",
      "name",
      "{{ code\t}}",
      "%s",
      "${code}",
      "<a href>",
      "\r\nBcc: x",
      "\u202e",
      "\u0000",
      "{__proto__}",
      "x".repeat(70),
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const template = fc.oneof(
    { weight: 30, arbitrary: fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(piece, fc.integer({ min: 500, max: 2_000 }))
        .map(([each, times]) => each.repeat(times).slice(0, 10_000)),
    },
  );
  const argument = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.constant(null),
    fc.constantFrom("{code}", "@@pin", "{{code}}", "$&", "$1"),
  );
  const args = fc.dictionary(fc.constantFrom("name", "code", "pin", "token", "x", "__proto__"), argument);

  it("agree with those read by hand, within 5 ms each", { timeout: 120_000 }, () => {
    let slow = 0;
    fc.assert(
      fc.property(
        template,
        args,
        fc.constantFrom(...SYNTAXES),
        fc.string({ unit: "binary", maxLength: 12 }),
        (text, given, syntax, code) => {
          let rendered: string | undefined;
          const cost = (): number => {
            const before = performance.now();
            try {
              rendered = renderTemplate(text, { code, minutes: 4.5, args: given }, syntax);
            } catch (error) {
              expect(error).toMatchObject({ code: "invalid_request" });
            }
            return performance.now() - before;
          };
          // now and then the machine does something else in between: that is no template's fault
          if (cost() > 5 && cost() > 5 && cost() > 5) slow += 1;
          if (rendered !== reference(text, syntax, code, 4.5, given))
            expect(rendered).toBe(reference(text, syntax, code, 4.5, given));
        },
      ),
      { numRuns: times(100_000, 20_000) },
    );
    expect(slow).toBe(0);
  });

  it.each(["{{", "@@", "{{ ", "{".repeat(64), "@@a", "{{a ", "\t"])("of nothing but %j cost no more", (each) => {
    const text = each.repeat(2_000).slice(0, 2_000);
    const times = Array.from({ length: 20 }, () => {
      const before = performance.now();
      expect(() => checkTemplate(text)).toThrow();
      return performance.now() - before;
    });
    expect(Math.min(...times)).toBeLessThan(5);
  });
});
