import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const projectRoot = path.resolve(import.meta.dirname, "../..");

const LEFT_OUT = new Set(["node_modules", "coverage", "test-results", ".git"]);

export interface ProjectCopy {
  readonly root: string;
  remove(): void;
}

/**
 * The project once more, in a folder of its own and built: files in it import "require2fa" by name and get what is there,
 * whatever another test does to `dist` meanwhile. `npm test` has built it; where a source is newer, it is built anew.
 */
export function copyProject(): ProjectCopy {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "require2fa-")));
  cpSync(projectRoot, root, { recursive: true, filter: (source) => !LEFT_OUT.has(path.basename(source)) });
  symlinkSync(path.join(projectRoot, "node_modules"), path.join(root, "node_modules"), "dir");
  if (!isBuilt()) execFileSync("npm", ["run", "build"], { cwd: root, stdio: "ignore" });
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function isBuilt(): boolean {
  const built = path.join(projectRoot, "dist/index.js");
  const sources = path.join(projectRoot, "src");
  const changed = readdirSync(sources, { recursive: true, encoding: "utf8" }).map(
    (name) => statSync(path.join(sources, name)).mtimeMs,
  );
  return existsSync(built) && statSync(built).mtimeMs > Math.max(...changed);
}

/** Runs the project's own compiler; throws with everything that it printed. */
export function compile(cwd: string, ...args: string[]): void {
  try {
    execFileSync(process.execPath, [path.join(projectRoot, "node_modules/typescript/bin/tsc"), ...args], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`tsc ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}
