import { accessSync, constants, readdirSync } from "node:fs";
import path from "node:path";

/** Programs that some tests run against, and the Debian package that brings each. */
const SERVICES = {
  "redis-server": { package: "redis-server", names: ["redis-server", "valkey-server"] },
  postgres: { package: "postgresql", names: ["postgres"] },
  pgbouncer: { package: "pgbouncer", names: ["pgbouncer"], optional: true },
  oathtool: { package: "oathtool", names: ["oathtool"] },
  // The same browser without its windows opens a page for a fifth of the work.
  chromium: { package: "chromium", names: ["chromium-headless-shell", "chromium", "chromium-browser"] },
} as const;

export type Service = keyof typeof SERVICES;

const announced = new Set<Service>();

/**
 * The path of a program, or `undefined` where it is not installed: `describe.skipIf(!service("chromium"))`.
 * A missing one is said aloud once, and is an error where `REQUIRE_SERVICES=1`, so that CI cannot skip in silence, but
 * for one that is optional.
 */
export function service(name: Service, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const wanted = SERVICES[name];
  const found = wanted.names
    .flatMap((each) => folders(name, env).map((folder) => path.join(folder, each)))
    .find(isExecutable);
  if (found !== undefined) return found;
  const complaint = `${name} is not installed: apt-get install ${wanted.package}`;
  if (env["REQUIRE_SERVICES"] === "1" && !("optional" in wanted)) throw new Error(complaint);
  if (!announced.has(name)) console.warn(`\n!!! SKIPPED TESTS: ${complaint}\n`);
  announced.add(name);
  return undefined;
}

function folders(name: Service, env: NodeJS.ProcessEnv): string[] {
  const onPath = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  // where Debian puts what only root is expected to start
  if (name === "pgbouncer") return [...onPath, "/usr/sbin"];
  return name === "postgres" ? [...onPath, ...debianPostgres()] : onPath;
}

/** Debian keeps the server's programs off the path, one folder for each version; the newest first. */
function debianPostgres(): string[] {
  const home = "/usr/lib/postgresql";
  try {
    const versions = readdirSync(home).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => path.join(home, version, "bin"));
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
