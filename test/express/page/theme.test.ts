import { describe, expect, it } from "vitest";
import { TwoFactorError } from "../../../src/core/errors.js";
import { renderPage } from "../../../src/express/page/page.js";
import { checkTheme, THEME_VARIABLES, themeRule, type Theme } from "../../../src/express/page/theme.js";
import { STYLE } from "../../../src/express/page/style.js";
import { BASE } from "./samples.js";

function refusal(theme: Theme): TwoFactorError {
  try {
    checkTheme(theme);
  } catch (error) {
    if (error instanceof TwoFactorError) return error;
  }
  throw new Error(`was accepted: ${JSON.stringify(theme)}`);
}

describe("checkTheme", () => {
  it.each([
    "#0a7",
    "rgb(10 20 30 / 50%)",
    "hsl(210, 80%, 40%)",
    "oklch(62% 0.2 250)",
    "light-dark(#06c, #8bf)",
    "color-mix(in srgb, var(--brand) 40%, white)",
    "calc((1rem + 2px) * 2)",
    '"Inter", "Noto Sans", sans-serif',
    "'Söhne', sans-serif",
    "0 1px 2px rgb(0 0 0 / 10%), 0 8px 24px #0002",
    "CornflowerBlue",
  ])("accepts %s", (value) => {
    expect(() => checkTheme({ "--r2fa-accent": value })).not.toThrow();
  });

  it.each([
    "",
    "   ",
    "red; } body { display: none",
    "red;",
    "red}",
    "{",
    "</style><script>alert(1)</script>",
    "<!--",
    "-->",
    "url(https://evil.example/x)",
    "URL(x)",
    "u\\72l(x)",
    "image-set('https://evil.example/x' 1x)",
    "-webkit-image-set('x' 1x)",
    "image('x')",
    "src('x')",
    "expression(alert(1))",
    "attr(value)",
    "element(#code)",
    "env(x)",
    "paint(x)",
    "@import 'x'",
    "red /* ",
    "red */ blue /*",
    '"open',
    "'open",
    "\"a'",
    "rgb(1 2 3",
    "rgb 1 2 3)",
    ")red(",
    "red\nblue",
    "red\r",
    "red\f",
    "red\u0000",
    "red!important",
    "a:b",
    "[",
    "]",
    "&quot;",
    "x".repeat(501),
    "javascript:alert(1)",
    "\\",
    "`",
    "$",
    "?",
    "|",
  ])("refuses %j", (value) => {
    expect(refusal({ "--r2fa-accent": value }).code).toBe("misconfigured");
    expect(() => themeRule({ "--r2fa-accent": value })).toThrow(TwoFactorError);
    expect(() => renderPage(BASE, { "--r2fa-accent": value })).toThrow(TwoFactorError);
  });

  it.each([[null], [12], [undefined], [["red"]]])("refuses %j, which is no string", (value) => {
    expect(refusal({ "--r2fa-accent": value as unknown as string }).code).toBe("misconfigured");
  });

  it("names the nearest variable for one it does not know", () => {
    expect(refusal({ "--r2fa-acent": "red" }).message).toContain('Did you mean "--r2fa-accent"?');
    expect(refusal({ "--r2fa-x}body{": "red" }).code).toBe("misconfigured");
  });
});

describe("a theme", () => {
  it("comes after the page's own colors, so that it wins", () => {
    const page = renderPage(BASE, { "--r2fa-accent": "#0a7" });
    expect(page.indexOf("--r2fa-accent: #0a7;")).toBeGreaterThan(page.indexOf("--r2fa-accent: #8fb1ff"));
    expect(page.indexOf("--r2fa-accent: #0a7;")).toBeLessThan(page.indexOf("</style>"));
  });

  it("may set every variable the style defines, and the style defines every variable it may set", () => {
    const defined = new Set(STYLE.match(/--r2fa-[a-z-]+(?=:)/g));
    expect([...defined].sort()).toEqual([...THEME_VARIABLES].sort());
  });

  it("adds nothing where it is empty or missing", () => {
    expect(renderPage(BASE, {})).toBe(renderPage(BASE));
  });
});
