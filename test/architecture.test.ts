import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { createVirtualFileSystem, type FileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";
import { afterAll, describe, expect, it } from "vitest";

/** The rooms, each above those it may import from. Files straight under `src` stand on top of all of them. */
const LADDER = [
  "core",
  "stores",
  "providers",
  "verification",
  "methods",
  "step-up",
  "express",
  "vendors",
  "testing",
  "client",
];
/** Runs in browsers: of the other rooms it may know types alone. */
const BROWSER = "client/";
const TOP = LADDER.length;
const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 60;
/** ASCII, the letters of Western European locales, lines of a box, and these marks; nothing invisible or look-alike. */
const KNOWN_CHARACTERS =
  /^[\t\x20-\x7e\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u2500-\u257f¡¿«»·×•…–—‘’“”„→←✓]*$/u;

/** Languages in other letters: these too, in the files of their texts alone, and still nothing that is not seen. */
const MORE_LETTERS: Readonly<Record<string, RegExp>> = {
  pl: /[\u0100-\u017f]/gu,
  el: /\p{Script=Greek}/gu,
  ar: /(?!\p{Cf})\p{Script_Extensions=Arabic}/gu,
  ja: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3001\u3002\u30fc]/gu,
};

interface Package {
  /** Module paths under `src` that `package.json` exports. */
  readonly entries: readonly string[];
  /** Packages that source may import. */
  readonly packages: readonly string[];
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly reexport: boolean;
}

interface Module {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly faults: readonly string[];
}

const root = path.resolve(import.meta.dirname, "..");

function readSources(): Record<string, string> {
  const src = path.join(root, "src");
  const names = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return Object.fromEntries(
    names.map((name) => [name.replaceAll("\\", "/"), readFileSync(path.join(src, name), "utf8")]),
  );
}

function readPackage(): Package {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const targets = Object.values<string | { default: string }>(manifest.exports);
  const files = targets.map((target) => (typeof target === "string" ? target : target.default));
  return {
    entries: files.filter((file) => file.endsWith(".js")).map((file) => file.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts")),
    packages: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  };
}

let disk: FileSystem = {};
const compiler = new API({
  fs: {
    readFile: (name) => disk.readFile?.(name),
    fileExists: (name) => disk.fileExists?.(name),
    directoryExists: (name) => disk.directoryExists?.(name),
    getAccessibleEntries: (name) => disk.getAccessibleEntries?.(name),
    realpath: (name) => name,
  },
});
afterAll(() => compiler.close());
let parsed = 0;

/** Parses with the compiler itself, all in memory: what the build sees is what is judged. */
function parse(files: Record<string, string>): Module[] {
  const base = `/parse-${(parsed += 1)}`;
  const config = { compilerOptions: { noLib: true, noResolve: true, types: [], noCheck: true }, include: ["src"] };
  const virtual = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${base}/src/${name}`, text]));
  disk = createVirtualFileSystem({ [`${base}/tsconfig.json`]: JSON.stringify(config), ...virtual });
  const project = compiler
    .updateSnapshot({ openProjects: [`${base}/tsconfig.json`] })
    .getProject(`${base}/tsconfig.json`);
  return Object.entries(files).map(([name, text]) => {
    const source = project?.program.getSourceFile(`${base}/src/${name}`);
    if (!source) throw new Error(`${name} was not parsed`);
    return inspect(name, text, source);
  });
}

const FUNCTIONS = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

function inspect(name: string, text: string, source: SourceFile): Module {
  const imports: Import[] = [];
  const faults: string[] = [];
  const imported = new Set<string>();
  const lineOf = (position: number): number => text.slice(0, position).split("\n").length;
  const fault = (node: Node, what: string): void => {
    faults.push(`${name}:${lineOf(node.getStart(source))}: ${what}`);
  };
  const visit = (node: Node, parent: Node): void => {
    const found = importOf(node, source);
    if (found) imports.push(found);
    for (const binding of bindingsOf(node, source)) imported.add(binding);
    if (node.kind === SyntaxKind.AnyKeyword) fault(node, "any");
    if (isRandom(node, parent, source)) fault(node, "Math.random");
    if (node.kind === SyntaxKind.RegularExpressionLiteral && /\\p\{/i.test(node.getText(source)))
      fault(node, "kinds of characters outside of pattern()");
    const lines = lineOf(node.end) - lineOf(node.getStart(source)) + 1;
    if (FUNCTIONS.has(node.kind) && lines > MAX_FUNCTION_LINES) fault(node, `function of ${lines} lines`);
    if (node.kind === SyntaxKind.ExportDeclaration) {
      const clause = node.getText(source);
      if (/^export\s+(type\s+)?\*/.test(clause)) fault(node, "export *");
      const names = /^export\s+(?:type\s+)?\{([^}]*)\}\s*;?$/.exec(clause)?.[1]?.split(",") ?? [];
      const passed = names.find((each) =>
        imported.has(
          each
            .trim()
            .replace(/^type\s+/, "")
            .split(/\s/)[0] ?? "",
        ),
      );
      if (passed)
        imports.push({
          specifier: `./${path.basename(name, ".ts")}.js#${passed.trim()}`,
          typeOnly: false,
          reexport: true,
        });
    }
    node.forEachChild((child) => visit(child, node));
  };
  visit(source, source);
  return { path: name, text, imports, faults };
}

function importOf(node: Node, source: SourceFile): Import | undefined {
  const text = node.getText(source);
  const reexport = node.kind === SyntaxKind.ExportDeclaration;
  if (reexport || node.kind === SyntaxKind.ImportDeclaration) {
    const specifier = /(?:from\s*|^import\s*)["']([^"']+)["']/.exec(text)?.[1];
    return specifier === undefined
      ? undefined
      : { specifier, typeOnly: /^(import|export)\s+type\b/.test(text), reexport };
  }
  if (node.kind === SyntaxKind.CallExpression && /^(?:import|require)\s*\(/.test(text)) {
    const specifier = /^\w+\s*\(\s*["'`]([^"'`]+)["'`]/.exec(text)?.[1] ?? "(computed)";
    return { specifier, typeOnly: false, reexport: false };
  }
  if (node.kind !== SyntaxKind.ImportType) return undefined;
  return {
    specifier: /import\s*\(\s*["']([^"']+)["']/.exec(text)?.[1] ?? "(computed)",
    typeOnly: true,
    reexport: false,
  };
}

/** The names that an import line brings in. */
function bindingsOf(node: Node, source: SourceFile): string[] {
  if (node.kind !== SyntaxKind.ImportClause) return [];
  const words = node
    .getText(source)
    .replace(/^type\s/, "")
    .replaceAll(/[{}*]/g, ",")
    .split(",");
  return words.map((word) => word.trim().split(/\s+/).at(-1) ?? "").filter((word) => word !== "");
}

/** `Math.random`, or `Math` taken in a way that could hide it. */
function isRandom(node: Node, parent: Node, source: SourceFile): boolean {
  if (node.kind !== SyntaxKind.Identifier || node.getText(source) !== "Math") return false;
  return parent.kind !== SyntaxKind.PropertyAccessExpression || parent.getText(source).endsWith(".random");
}

function rankOf(module: string): number {
  const [room, ...rest] = module.split("/");
  return rest.length === 0 ? TOP : LADDER.indexOf(room ?? "");
}

function vendorOf(module: string): string | undefined {
  return /^vendors\/([^/]+)/.exec(module)?.[1];
}

/** Everything that is wrong with a set of sources: one line each. */
function violations(files: Record<string, string>, its: Package): string[] {
  if (Object.keys(files).length === 0) throw new Error("No module was read.");
  const modules = parse(files);
  const known = new Set(modules.map((module) => module.path));
  const edges = new Map<string, string[]>();
  const found: string[] = [];
  for (const module of modules) {
    if (rankOf(module.path) < 0) found.push(`${module.path}: not a room of the ladder`);
    found.push(...module.faults, ...textFaults(module));
    const targets: string[] = [];
    for (const each of module.imports) {
      if (each.reexport && !its.entries.includes(module.path))
        found.push(`${module.path}: re-export of ${each.specifier}`);
      if (each.specifier.includes("#")) continue;
      if (!each.specifier.startsWith(".")) {
        found.push(...packageFaults(module.path, each, its));
        continue;
      }
      const target = path.posix.join(path.posix.dirname(module.path), each.specifier).replace(/\.js$/, ".ts");
      if (!known.has(target)) found.push(`${module.path}: cannot find ${each.specifier}`);
      else if (!mayImport(module.path, target, its) || leavesBrowser(module.path, target, each))
        found.push(`${module.path} -> ${target}`);
      targets.push(target);
    }
    edges.set(module.path, targets);
  }
  return [...found, ...cycles(edges)];
}

function mayImport(from: string, to: string, its: Package): boolean {
  if (rankOf(to) > rankOf(from)) return false;
  if (vendorOf(to) !== undefined && vendorOf(from) === undefined)
    return from !== "index.ts" && its.entries.includes(from);
  if (vendorOf(to) !== vendorOf(from) && vendorOf(to) !== undefined) return false;
  // Above the stores only their contract is known; which one it is (a folder each), is chosen at the top.
  const implementation = /^stores\/.*\//.test(to);
  return !implementation || from.startsWith("stores/") || rankOf(from) === TOP;
}

function leavesBrowser(from: string, to: string, { typeOnly }: Import): boolean {
  return from.startsWith(BROWSER) && !to.startsWith(BROWSER) && !typeOnly;
}

function packageFaults(from: string, { specifier, typeOnly }: Import, its: Package): string[] {
  if (from.startsWith(BROWSER)) return [`${from} -> ${specifier}`];
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? [] : [`${from}: ${specifier} without node:`];
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (!its.packages.includes(name)) return [`${from}: ${specifier} is not a dependency`];
  if (name !== "express") return [];
  const allowed = rankOf(from) === TOP ? typeOnly : rankOf(from) >= LADDER.indexOf("express");
  return allowed ? [] : [`${from} -> express`];
}

function textFaults({ path: name, text }: Module): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const more =
    MORE_LETTERS[/^(?:verification|express\/page)\/texts\/(?:(?:factors|passkey)\/)?(\w+)\.ts$/.exec(name)?.[1] ?? ""];
  const found = lines.length > MAX_FILE_LINES ? [`${name}: file of ${lines.length} lines`] : [];
  lines.forEach((line, index) => {
    if (!KNOWN_CHARACTERS.test(more ? line.replace(more, "") : line))
      found.push(`${name}:${index + 1}: unknown character`);
    if (/@ts-(ignore|nocheck)/.test(line)) found.push(`${name}:${index + 1}: @ts-ignore`);
  });
  return found;
}

/** Depth first; type imports count, as a reader has to follow those as well. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (module: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(module);
    if (seen >= 0) found.push(`cycle: ${[...trail.slice(seen), module].join(" -> ")}`);
    if (seen >= 0 || done.has(module)) return;
    for (const target of edges.get(module) ?? []) visit(target, [...trail, module]);
    done.add(module);
  };
  for (const module of edges.keys()) visit(module, []);
  return found;
}

describe("the source", () => {
  const files = readSources();

  it("keeps to the ladder, the budgets and the bans", () => {
    expect(Object.keys(files).length).toBeGreaterThan(8);
    expect(violations(files, readPackage())).toEqual([]);
  });

  it("has a room for every folder that was read", () => {
    const rooms = new Set(
      Object.keys(files)
        .filter((name) => name.includes("/"))
        .map((name) => name.split("/")[0]),
    );
    expect([...rooms].filter((room) => !LADDER.includes(room ?? ""))).toEqual([]);
  });
});

describe("the judge", () => {
  const its: Package = { entries: ["index.ts", "vendors/acme/entry.ts"], packages: ["express", "otplib"] };
  const long = (lines: number): string => Array.from({ length: lines }, (_, at) => `const v${at} = ${at};`).join("\n");
  const leaf = "export interface A { a: 1 }\nexport const a = 1;\n";

  it("passes what is right", () => {
    const right = {
      "core/a.ts": leaf,
      "core/b.ts":
        'import { randomInt } from "node:crypto";\nimport type { A } from "./a.js";\nexport const b: A | number = randomInt(Math.max(2, 3));',
      "stores/store.ts": 'import { b } from "../core/b.js";\nexport const s = [b, "äöüß • …"];',
      "express/guard.ts":
        'import { Router } from "express";\nimport { s } from "../stores/store.js";\nexport const g = [Router, s];\nexport { g as h };',
      "vendors/acme/wire.ts": "export const w = 1;",
      "vendors/acme/entry.ts": 'export { w } from "./wire.js";',
      "index.ts": 'export { g } from "./express/guard.js";',
      "verification/texts/ja.ts": 'export const ja = "コード、承認。";',
      "verification/texts/ar.ts": 'export const ar = "رمزًا،";',
      "client/x.ts":
        'import type { A } from "../core/a.js";\nimport { y } from "./y.js";\nexport const x: A | number = y;',
      "client/y.ts": "export const y = 1;",
      "two-factor.ts": `import type { Router } from "express";\n/**\n * Not\n * part\n */\nexport function f(): Router | undefined {\n${long(58)}\n return undefined; }`,
    };
    expect(violations(right, its)).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      "an import up the ladder",
      { "core/x.ts": 'import { a } from "../step-up/a.js";', "step-up/a.ts": leaf },
      "core/x.ts -> step-up/a.ts",
    ],
    [
      "a type import up the ladder",
      { "core/x.ts": 'import type { A } from "../step-up/a.js";', "step-up/a.ts": leaf },
      "core/x.ts -> step-up/a.ts",
    ],
    [
      "an import() type up the ladder",
      { "core/x.ts": 'export type X = import("../step-up/a.js").A;', "step-up/a.ts": leaf },
      "core/x.ts -> step-up/a.ts",
    ],
    [
      "a lazy import up the ladder",
      { "methods/x.ts": 'export const x = () => import("../express/a.js");', "express/a.ts": leaf },
      "methods/x.ts -> express/a.ts",
    ],
    [
      "a room that imports the top",
      { "express/x.ts": 'import "../options.js";', "options.ts": leaf },
      "express/x.ts -> options.ts",
    ],
    [
      "a store's inside known above",
      { "verification/x.ts": 'import "../stores/memory/table.js";', "stores/memory/table.ts": leaf },
      "verification/x.ts -> stores/memory/table.ts",
    ],
    [
      "a vendor in a vendor",
      { "vendors/a/x.ts": 'import "../b/y.js";', "vendors/b/y.ts": leaf },
      "vendors/a/x.ts -> vendors/b/y.ts",
    ],
    [
      "a vendor in the main entry",
      { "index.ts": 'import "./vendors/b/y.js";', "vendors/b/y.ts": leaf },
      "index.ts -> vendors/b/y.ts",
    ],
    [
      "a value of the server in the browser",
      { "client/x.ts": 'import { a } from "../core/a.js";', "core/a.ts": leaf },
      "client/x.ts -> core/a.ts",
    ],
    ["Node in the browser", { "client/x.ts": 'import type {} from "node:url";' }, "client/x.ts -> node:url"],
    ["a package in the browser", { "client/x.ts": 'import "otplib";' }, "client/x.ts -> otplib"],
    ["express in the engine", { "step-up/x.ts": 'import type { Request } from "express";' }, "step-up/x.ts -> express"],
    ["express run at the top", { "two-factor.ts": 'import { Router } from "express";' }, "two-factor.ts -> express"],
    ["an unlisted package", { "core/x.ts": 'import "left-pad";' }, "core/x.ts: left-pad is not a dependency"],
    ["a bare builtin", { "core/x.ts": 'import "crypto";' }, "core/x.ts: crypto without node:"],
    ["export *", { "index.ts": 'export * from "./core/a.js";', "core/a.ts": leaf }, "index.ts:1: export *"],
    ["a barrel", { "core/x.ts": 'export { a } from "./a.js";', "core/a.ts": leaf }, "core/x.ts: re-export of ./a.js"],
    [
      "a barrel in two steps",
      { "core/x.ts": 'import { a } from "./a.js";\nexport { a };', "core/a.ts": leaf },
      "core/x.ts: re-export of ./x.js#a",
    ],
    [
      "a cycle",
      { "core/x.ts": 'import "./y.js";', "core/y.ts": 'import "./x.js";' },
      "cycle: core/x.ts -> core/y.ts -> core/x.ts",
    ],
    [
      "a cycle of types",
      { "core/x.ts": 'import type {} from "./y.js";', "core/y.ts": 'import type {} from "./x.js";' },
      "cycle: core/x.ts -> core/y.ts -> core/x.ts",
    ],
    ["a folder of its own", { "utils/x.ts": leaf }, "utils/x.ts: not a room of the ladder"],
    ["a way out of src", { "core/x.ts": 'import "../../test/y.js";' }, "core/x.ts: cannot find ../../test/y.js"],
    ["a long file", { "core/x.ts": `${long(MAX_FILE_LINES + 1)}\n` }, "core/x.ts: file of 251 lines"],
    [
      "a long function",
      { "core/x.ts": `export const f = () => {\n${long(59)}\n};` },
      "core/x.ts:1: function of 61 lines",
    ],
    ["a long method", { "core/x.ts": `class X {\n  m() {\n${long(70)}\n} }` }, "core/x.ts:2: function of 72 lines"],
    ["any", { "core/x.ts": "export let x: Array<any>;" }, "core/x.ts:1: any"],
    ["an ignored error", { "core/x.ts": "// @ts-ignore\nexport const x = 1;" }, "core/x.ts:1: @ts-ignore"],
    ["Math.random", { "core/x.ts": "export const x = () => Math.random();" }, "core/x.ts:1: Math.random"],
    [
      "kinds of characters that are read at once",
      { "core/x.ts": "export const x = (y: string) => /^\\P{Cc}$/u.test(y);" },
      "core/x.ts:1: kinds of characters outside of pattern()",
    ],
    ["Math taken apart", { "core/x.ts": "export const { random } = Math;" }, "core/x.ts:1: Math.random"],
    ["an invisible character", { "core/x.ts": 'export const x = "a\u200bb";' }, "core/x.ts:1: unknown character"],
    [
      "letters of another language",
      { "express/page/texts/el.ts": 'export const el = "\u0444";' },
      "express/page/texts/el.ts:1: unknown character",
    ],
    [
      "letters of a language elsewhere",
      { "express/page/style.ts": 'export const x = "\u03bf";' },
      "express/page/style.ts:1: unknown character",
    ],
    [
      "a mark of direction in a text",
      { "verification/texts/ar.ts": 'export const ar = "\u0627\u061c\u200f";' },
      "verification/texts/ar.ts:1: unknown character",
    ],
    ["a look-alike letter", { "core/x.ts": 'export const x = "p\u0430ypal";' }, "core/x.ts:1: unknown character"],
  ])("finds %s", (_what, planted, expected) => {
    expect(violations(planted, its)).toEqual([expected]);
  });

  it("does not pass for want of anything to read", () => {
    expect(() => violations({}, its)).toThrow("No module was read.");
  });
});
