import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const projectRoot = path.resolve(import.meta.dirname, "../..");

const LEFT_OUT = new Set(["node_modules", "dist", "coverage", "test-results", ".git"]);

export interface ProjectCopy {
  readonly root: string;
  build(): void;
  remove(): void;
}

/**
 * The project once more, in a folder of its own: files in it import "require2fa" by name and get what was built there,
 * whatever another test does to `dist` meanwhile.
 */
export function copyProject(): ProjectCopy {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "require2fa-")));
  cpSync(projectRoot, root, { recursive: true, filter: (source) => !LEFT_OUT.has(path.basename(source)) });
  symlinkSync(path.join(projectRoot, "node_modules"), path.join(root, "node_modules"), "dir");
  return {
    root,
    build: () => {
      compile(root, "-p", ".");
      compile(root, "-p", "src/client");
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
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
