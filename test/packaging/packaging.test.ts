import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, copyProject, type ProjectCopy, projectRoot } from "../helpers/project-copy.js";

const MINUTE = 60_000;
const MAX_TARBALL_KB = 544;
const MAX_PACKAGES = 40;
const MAX_INSTALLED_MB = 25;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const consumer = path.join(import.meta.dirname, "consumer");
const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
const manifest = readManifest(projectRoot);

let copy: ProjectCopy;
let work: string;
let packed: Packed;

/** Runs a program, and throws with everything that it printed. */
function run(cwd: string, program: string, ...args: string[]): string {
  try {
    const env = { ...process.env, NODE_ENV: "test", npm_config_loglevel: "error" };
    return execFileSync(program, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}

/** The versions that this project itself is tested with: npm has them at hand. */
function sameAsHere(name: string, installed = name): string {
  return `${name}@${readManifest(path.join(projectRoot, "node_modules", installed)).version}`;
}

/** An empty app with the tarball in it, and nothing of this project around it. */
function installInto(name: string, express: string, types: string): string {
  const app = path.join(work, name);
  mkdirSync(app);
  writeFileSync(path.join(app, "package.json"), JSON.stringify({ name, private: true }));
  const others = [express, types, sameAsHere("express-session"), sameAsHere("@types/express-session")];
  run(
    app,
    "npm",
    "install",
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    path.join(work, packed.filename),
    ...others,
  );
  for (const file of readdirSync(consumer)) copyFileSync(path.join(consumer, file), path.join(app, file));
  return app;
}

const KINDS = ["mts", "cts"] as const;

/** What the compiler says of an app that uses all of the package, as a module of each kind: one run for both. */
function typeComplaints(app: string): string[] {
  const folder = path.join(app, "typed");
  mkdirSync(folder);
  const files = KINDS.map((kind) => `typed.${kind}`);
  for (const file of files) copyFileSync(path.join(projectRoot, "test/types/api.ts"), path.join(folder, file));
  const options = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    skipLibCheck: false,
    types: ["node"],
  };
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files }));
  try {
    compile(folder, "-p", ".");
    return [];
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .slice(1)
      .filter((line) => line !== "");
  }
}

beforeAll(() => {
  copy = copyProject();
  work = mkdtempSync(path.join(tmpdir(), "require2fa-apps-"));
  [packed] = JSON.parse(
    run(copy.root, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", work).replace(/^[^[]*/, ""),
  ) as [Packed];
}, 2 * MINUTE);

afterAll(() => {
  copy?.remove();
  if (work) rmSync(work, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("holds what is published and nothing else", () => {
    const names = packed.files.map((file) => file.path);
    const known = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|dist\/.*\.(js|d\.ts))$/;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
    expect(names.filter((name) => /(^|\/)(test|example-app)\/|\.test\./.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(["LICENSE", "dist/index.js", "dist/index.d.ts"]));
  });

  it("has the page in a file of its own, which waits until it is shown", () => {
    const holdsPage = (file: string): boolean =>
      readFileSync(path.join(copy.root, "dist", file), "utf8").includes('id="replay"');
    expect(packed.files.map((file) => file.path)).toContain("dist/page.js");
    expect(["index.js", "common.js", "page.js"].filter(holdsPage)).toEqual(["page.js"]);
  });

  it(`stays below ${MAX_TARBALL_KB} kB`, () => {
    console.log(`tarball: ${Math.round(packed.size / 1024)} kB, ${packed.files.length} files`);
    expect(packed.size / 1024).toBeLessThan(MAX_TARBALL_KB);
  });

  it(
    "satisfies publint",
    () => {
      expect(run(copy.root, "npx", "publint", "run", path.join(work, packed.filename), "--strict")).toContain(
        "All good",
      );
    },
    MINUTE,
  );

  it(
    "satisfies arethetypeswrong for ES modules",
    () => {
      const args = [
        "attw",
        path.join(work, packed.filename),
        "--profile",
        "esm-only",
        "--no-emoji",
        "--format",
        "ascii",
      ];
      expect(run(copy.root, "npx", ...args)).toContain("node16 (from ESM): OK (ESM)");
    },
    MINUTE,
  );
});

describe.each([
  ["Express 5", "app-express5", () => [sameAsHere("express"), sameAsHere("@types/express")]],
  [
    "Express 4",
    "app-express4",
    () => [sameAsHere("express", "express4"), sameAsHere("@types/express", "@types/express4")],
  ],
] as const)("installed into an empty app with %s", (_title, name, versions) => {
  let app: string;
  let complaints: string[] | undefined;
  beforeAll(() => {
    const [express = "", types = ""] = versions();
    app = installInto(name, express, types);
  }, 3 * MINUTE);

  it(
    "guards a route when imported",
    () => {
      expect(run(app, process.execPath, "by-import.mjs")).toContain("challenged, answered, let in");
    },
    MINUTE,
  );

  it(
    "guards a route when required",
    () => {
      expect(run(app, process.execPath, "by-require.cjs")).toContain("challenged, answered, let in");
    },
    MINUTE,
  );

  it(
    "loads from every entry point, both ways, without the optional peers",
    () => {
      expect(existsSync(path.join(app, "node_modules/nodemailer"))).toBe(false);
      const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith(".json"));
      const specifiers = entries.map((entry) => JSON.stringify(path.posix.join(manifest.name, entry)));
      const imports = specifiers.map((specifier) => `await import(${specifier});`);
      const requires = specifiers.map((specifier) => `require(${specifier});`);
      run(app, process.execPath, "--input-type=module", "-e", imports.join("\n"));
      run(app, process.execPath, "--input-type=commonjs", "-e", requires.join("\n"));
      expect(entries).toContain(".");
    },
    MINUTE,
  );

  it("J01 does not load its test kit in production", () => {
    const load =
      'await import("require2fa/testing").then(() => console.log("loaded"), ({ code }) => console.log(code));';
    const env = { ...process.env, NODE_ENV: "production" };
    const args = ["--input-type=module", "-e", load];
    expect(execFileSync(process.execPath, args, { cwd: app, env, encoding: "utf8" }).trim()).toBe("misconfigured");
  });

  it.each([
    ["an ES module", "mts"],
    ["a CommonJS module", "cts"],
  ])(
    "gives %s its types",
    (_kind, extension) => {
      complaints ??= typeComplaints(app);
      const others = KINDS.filter((kind) => kind !== extension).map((kind) => `typed.${kind}(`);
      expect(complaints.filter((line) => !others.some((other) => line.startsWith(other)))).toEqual([]);
    },
    MINUTE,
  );

  it("brings few packages, and few bytes", () => {
    const lock: { packages: Record<string, Manifest> } = JSON.parse(
      readFileSync(path.join(app, "package-lock.json"), "utf8"),
    );
    const brought = new Set<string>();
    const visit = (place: string): void => {
      if (brought.has(place)) return;
      brought.add(place);
      for (const dependency of Object.keys(lock.packages[place]?.dependencies ?? {})) {
        const nested = `${place}/node_modules/${dependency}`;
        visit(nested in lock.packages ? nested : `node_modules/${dependency}`);
      }
    };
    visit(`node_modules/${manifest.name}`);
    const bytes = [...brought].reduce((sum, place) => sum + sizeOf(path.join(app, place)), 0);
    const megabytes = bytes / 1024 / 1024;
    console.log(`installed: ${brought.size} packages, ${megabytes.toFixed(1)} MB (Express is the app's)`);
    expect(brought.size).toBeLessThan(MAX_PACKAGES);
    expect(megabytes).toBeLessThan(MAX_INSTALLED_MB);
  });
});

/** Without packages nested inside: those are counted by themselves. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .map((entry) => path.join(folder, entry.name))
    .reduce((sum, each) => sum + (statSync(each).isDirectory() ? sizeOf(each) : statSync(each).size), 0);
}
