import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "../root.js";
import type { Case, Part, Sample } from "../part.js";

/** Installed as an app would, beside an express that is the app's own. */
const install =
  (spec: (folder: string) => string): Case =>
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), "bench-install-"));
    try {
      writeFileSync(path.join(folder, "package.json"), "{}");
      npm(folder, "install", "--no-audit", "--no-fund", "--legacy-peer-deps", "--prefer-offline", spec(folder));
      return measured(path.join(folder, "node_modules"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", [...args, "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "" },
  });
}

function packed(folder: string): string {
  npm(root, "pack", "--ignore-scripts", "--pack-destination", folder);
  const [file = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  return path.join(folder, file);
}

/** Disk blocks count, as `du` has it. */
function measured(folder: string): Sample {
  let bytes = 0;
  let packages = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    bytes += statSync(file).blocks * 512;
    if (/(^|[\\/])node_modules[\\/](@[^\\/]+[\\/])?[^@.\\/][^\\/]*[\\/]package\.json$/.test(file)) packages += 1;
  }
  return { megabytes: bytes / 1e6, packages };
}

export const installing: Part = {
  peers: ["better-auth"],
  rounds: 1,
  cases: { require2fa: install(packed), "better-auth": install(() => "better-auth@1.7.7") },
  rows: [
    {
      what: "installed size",
      beside: "alone",
      value: (m) => m("require2fa", "megabytes"),
      unit: "MB",
      target: { most: 20 },
    },
    {
      what: "installed packages",
      beside: "alone",
      value: (m) => m("require2fa", "packages"),
      unit: "packages",
      target: { most: 25 },
    },
    {
      what: "installed size",
      beside: "better-auth",
      value: (m) => m("require2fa", "megabytes") / m("better-auth", "megabytes"),
    },
  ],
};
