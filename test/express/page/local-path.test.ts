import { describe, expect, it } from "vitest";
import { isLocalPath } from "../../../src/express/page/local-path.js";

const LOCAL = [
  "/",
  "/vault",
  "/vault?tab=1#top",
  "/a/b/../c",
  "/a//b",
  "/a?next=https://example.com/",
  "/a?next=//example.com",
  "/@user",
  "/:8080",
  "/a:b",
  "/%41",
  "/caf%C3%A9",
  "/café",
  "/日本",
  "/😀",
  "/a b",
  "/a?b=c&d=e",
  "/a;b=c",
  "/a'b\"c<d>",
  `/${"a".repeat(4095)}`,
];

const SLASHES = ["//", "///", "////", "/\\", "\\/", "\\\\", "/\\/", "//\\", "\\", "/\\\\", "/./\\", "/a\\b", "\\\\\\"];
const SCHEMES = [
  "http:",
  "https:",
  "HTTPS:",
  "ftp:",
  "ws:",
  "file:",
  "javascript:",
  "JaVaScRiPt:",
  "vbscript:",
  "data:text/html,",
  "blob:",
  "about:",
  "mailto:",
  "filesystem:",
  "view-source:",
];
const HOSTS = [
  "e",
  "evil.example",
  "user:pass@evil.example",
  "[::1]",
  "127.0.0.1",
  "2130706433",
  "evil。example",
  "e:443/x",
];
const CONTROLS = [0, 1, 8, 9, 10, 11, 12, 13, 27, 31, 127, 133, 159].map((code) => String.fromCharCode(code));
const SURROGATES = ["\uD800", "\uDC00", "\uDBFF", "\uDFFF", "a\uD800b", "\uDC00\uD800"];

/** Everything here leaves the origin in some browser or parser, or has no business in a path. */
const FOREIGN = [
  "",
  " ",
  " /vault",
  "vault",
  "?x",
  "#x",
  ".",
  "..",
  "./x",
  "../x",
  "@e",
  "/.//e",
  "/..//e",
  "/a/..//e",
  "/a/..//e/../f",
  "/./..//e",
  "/%2e//e",
  "/%2E%2e//e",
  "/x/%2e%2e//e",
  `/${"a".repeat(4096)}`,
  `/${"%2f".repeat(3000)}`,
  `/${"é".repeat(8192)}`,
  ...SLASHES.flatMap((slashes) => HOSTS.map((host) => slashes + host)),
  ...SCHEMES.flatMap((scheme) => ["", "/", "//e", "\\\\e"].map((rest) => scheme + rest)),
  ...CONTROLS.flatMap((control) => [
    `${control}/e`,
    `/${control}/e`,
    `/${control}e`,
    `/e${control}`,
    `//${control}e`,
    `/a?b=${control}`,
  ]),
  ...SURROGATES.flatMap((half) => [`/${half}`, `/a?${half}`, `/a#${half}`]),
];

/** These look suspicious and stay on the origin; what they may not do is leave it. */
const ODD = [
  "/%09/e",
  "/%2f/e",
  "/%2F%2Fe",
  "/%5ce",
  "/%5C%5Ce",
  "/%00",
  "/%0d%0aSet-Cookie:a=b",
  "/;//e",
  "/ /e",
  "/\u00A0/e",
];

describe("isLocalPath", () => {
  it.each(LOCAL)("accepts %j", (path) => {
    expect(isLocalPath(path)).toBe(true);
  });

  it(`refuses all of ${FOREIGN.length} ways to leave the origin`, () => {
    expect(new Set(FOREIGN).size).toBeGreaterThanOrEqual(250);
    expect(FOREIGN.filter(isLocalPath)).toEqual([]);
  });

  it("refuses what is not a string", () => {
    const values = [
      undefined,
      null,
      1,
      true,
      ["/"],
      { toString: () => "/" },
      Symbol("/"),
      () => "/",
      new URL("http://e/"),
    ];
    expect(values.filter(isLocalPath)).toEqual([]);
  });

  it("never accepts what resolves to another origin, seen from any base", () => {
    const accepted = [...LOCAL, ...ODD, ...FOREIGN].filter(isLocalPath);
    expect(accepted.length).toBeGreaterThan(LOCAL.length);
    for (const base of ["https://app.example", "https://app.example/2fa/verify?x#y", "http://localhost:3000/admin/"]) {
      for (const path of accepted) {
        const url = new URL(path, base);
        expect(url.origin).toBe(new URL(base).origin);
        // and once more, as a proxy would that sends on the path alone
        expect(new URL(url.pathname, base).origin).toBe(url.origin);
      }
    }
  });
});
