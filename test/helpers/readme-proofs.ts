import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "./project-copy.js";
import type { Block, Markdown } from "./readme-blocks.js";

const TIMEOUT = 30_000;
const COMPILER_OPTIONS = {
  target: "ES2023",
  lib: ["ES2023", "DOM"],
  module: "NodeNext",
  moduleDetection: "force",
  types: ["node"],
  strict: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  rootDir: ".",
  outDir: "out",
};

const SETUP = "setup.mts";

function fileOf({ lang, code, line }: Block): string {
  if (lang === "ts") return `block-${line}.mts`;
  return `block-${line}.${/\brequire\(/.test(code) ? "cjs" : "mjs"}`;
}

function folderOf(root: string, context: string): string {
  return path.join(root, "readme-blocks", context);
}

/** Compiles all ts and js blocks, one context at a time: the complaints, by the line of the block. */
export function typecheck({ blocks, contexts, setups }: Markdown, root: string): Map<number, string[]> {
  const complaints = new Map<number, string[]>();
  for (const [name, declarations] of Object.entries(contexts)) {
    const own = blocks.filter(({ lang, context }) => context === name && (lang === "ts" || lang === "js"));
    if (own.length === 0) continue;
    const folder = folderOf(root, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: COMPILER_OPTIONS }));
    writeFileSync(path.join(folder, "context.d.ts"), declarations);
    if (setups[name] !== undefined) writeFileSync(path.join(folder, SETUP), setups[name]);
    for (const block of own) writeFileSync(path.join(folder, fileOf(block)), block.code);
    for (const { file, at, message } of compilerErrors(folder)) {
      const block = own.find((each) => fileOf(each) === file) ?? own[0];
      if (!block) continue;
      const said = complaints.get(block.line) ?? [];
      complaints.set(block.line, [
        ...said,
        file === fileOf(block) ? `line ${block.line + at}: ${message}` : `${file}: ${message}`,
      ]);
    }
  }
  return complaints;
}

function compilerErrors(folder: string): { file: string; at: number; message: string }[] {
  try {
    compile(folder, "-p", ".");
    return [];
  } catch (error) {
    const text = String(error);
    const found = [...text.matchAll(/^(\S+?)\((\d+),\d+\): error (.*)$/gm)];
    if (found.length === 0) throw error;
    return found.map((match) => ({ file: match[1] ?? "", at: Number(match[2]), message: match[3] ?? "" }));
  }
}

/** Runs a block that `typecheck` has compiled, and throws if it does not do what its directive says. */
export async function runCode(block: Block, root: string): Promise<void> {
  const folder = folderOf(root, block.context);
  const program = path.join(folder, "out", fileOf(block).replace(/\.mts$/, ".mjs"));
  const secrets = [...block.code.matchAll(/process\.env(?:\.(\w+)|\["(\w+)"\])/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
  const env = Object.fromEntries(secrets.map((name) => [name, randomBytes(32).toString("base64url")]));
  const setup = path.join(folder, "out", SETUP.replace(".mts", ".mjs"));
  const running = start(program, root, env, existsSync(setup) ? [setup] : []);
  try {
    if (!block.serve) {
      await running.succeeded;
      return;
    }
    const { method, path: target, status } = block.serve;
    const port = await running.listening;
    const response = await fetch(`http://127.0.0.1:${port}${target}`, { method, redirect: "manual" });
    if (response.status !== status) {
      throw new Error(`${method} ${target} answered ${response.status}, not ${status}: ${await response.text()}`);
    }
  } finally {
    running.child.kill("SIGKILL");
  }
}

interface Running {
  readonly child: ChildProcess;
  /** The port, as soon as it listens. */
  readonly listening: Promise<number>;
  /** Resolves when it has ended by itself with success. */
  readonly succeeded: Promise<void>;
}

function start(
  program: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  before: readonly string[] = [],
): Running {
  const preloads = [path.join(import.meta.dirname, "listening.mjs"), ...before];
  const imports = preloads.flatMap((each) => ["--import", pathToFileURL(each).href]);
  const child = spawn(process.execPath, [...imports, program], {
    cwd,
    env: { PATH: process.env["PATH"], NODE_ENV: "test", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    timeout: TIMEOUT,
    killSignal: "SIGKILL",
  });
  let printed = "";
  child.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const listening = new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { port: number }).port));
    void ended.then((code) => reject(new Error(`ended with ${code} before it listened:\n${printed}`)));
  });
  const succeeded = ended.then((code) => {
    if (code !== 0) throw new Error(`ended with ${code ?? `nothing after ${TIMEOUT} ms`}:\n${printed}`);
  });
  listening.catch(() => {});
  succeeded.catch(() => {});
  return { child, listening, succeeded };
}

/** Reads shell lines without running them, and throws for what bash or the project does not know. */
export function checkShell({ code }: Block, root: string): void {
  execFileSync("bash", ["-n"], { input: code, stdio: ["pipe", "pipe", "pipe"] });
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const packages = {
    [manifest.name]: "",
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.devDependencies,
  };
  const commands = code.split(/\n|&&|\|\||;/).map((each) => each.replace(/#.*/, "").trim());
  for (const command of commands.filter((each) => each !== "")) {
    const [program, verb = "", ...rest] = command.split(/\s+/);
    if (program !== "npm") throw new Error(`"${command}" can only be proved by running it: <!-- test: run -->`);
    const script = verb === "run" ? rest[0] : verb;
    const names = rest.filter((each) => !each.startsWith("-")).map((each) => each.replace(/(?<=.)@.*/, ""));
    const unknown = names.filter((name) => !(name in packages));
    if (verb === "ci") continue;
    if (verb === "install" || verb === "i") {
      if (unknown.length > 0) throw new Error(`not in package.json: ${unknown.join(", ")}`);
    } else if (!(script !== undefined && script in manifest.scripts)) {
      throw new Error(`no such script: ${command}`);
    }
  }
}

const EXAMPLE_APP = "npm start";
/** What the scripts that never end run, once it is built. */
const SERVERS: Readonly<Record<string, string>> = {
  [EXAMPLE_APP]: "example-app/dist/server.js",
  "npm run start:vendors": "example-app/dist/vendors-server.js",
};

/** Runs shell lines in the copy, beside the servers that the directive asks for: each port is a free one. */
export async function runShell({ code, beside }: Block, root: string): Promise<void> {
  if (/\bnpm\s+(i|install|ci)\b/.test(code))
    throw new Error("an install is checked, not run: the copy shares its packages");
  if (beside === undefined) return await bash(code, root);
  if (!existsSync(path.join(root, "example-app/dist/server.js"))) compile(root, "-p", "example-app");
  const lines = (beside === "example-app" ? `${EXAMPLE_APP}\n${code}` : code).replaceAll(/\\\n\s*/g, " ").split("\n");
  const ports = new Map<string, number>();
  const moved = (text: string): string =>
    text.replaceAll(/\b(?:localhost|127\.0\.0\.1):(\d+)\b/g, (address, port: string) =>
      ports.has(port) ? `127.0.0.1:${ports.get(port)}` : address,
    );
  const started: Running[] = [];
  const rest: string[] = [];
  try {
    for (const line of lines) {
      const [, words = "", script = ""] = /^((?:\w+=\S+\s+)*)(npm start|npm run [\w:]+)\b/.exec(line) ?? [];
      const program = SERVERS[script];
      if (program === undefined) {
        rest.push(line);
        continue;
      }
      const env: Record<string, string> = {};
      for (const [, name = "", value = ""] of words.matchAll(/(\w+)=(\S+)/g)) env[name] = moved(value);
      const server = start(path.join(root, program), root, env);
      started.push(server);
      ports.set(env["PORT"] ?? "3000", await server.listening);
    }
    if (started.length === 0) throw new Error("no line starts a server");
    await bash(moved(rest.join("\n")), root);
  } finally {
    for (const { child } of started) child.kill("SIGKILL");
  }
}

async function bash(code: string, cwd: string): Promise<void> {
  const child = spawn("bash", ["-euo", "pipefail", "-c", code], { cwd, timeout: TIMEOUT, killSignal: "SIGKILL" });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const exit = await new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  if (exit !== 0) throw new Error(`bash ended with ${exit}:\n${printed}`);
}
