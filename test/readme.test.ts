import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRORS } from "../src/core/errors.js";
import type { Results } from "./bench/results.js";
import { markdown as figures } from "./bench/table.js";
import { copyProject, type ProjectCopy, projectRoot } from "./helpers/project-copy.js";
import { type Block, type Markdown, readMarkdown } from "./helpers/readme-blocks.js";
import { checkShell, runCode, runShell, typecheck } from "./helpers/readme-proofs.js";

const readme = path.join(projectRoot, "README.md");
const text = existsSync(readme) ? readFileSync(readme, "utf8") : undefined;
const contexts = readFileSync(path.join(projectRoot, "test/helpers/readme-contexts.md"), "utf8");

let copy: ProjectCopy;
beforeAll(() => {
  copy = copyProject();
}, 60_000);
afterAll(() => copy?.remove());

async function prove(block: Block, complaints: ReadonlyMap<number, readonly string[]>): Promise<void> {
  const said = complaints.get(block.line) ?? [];
  if (said.length > 0) throw new Error(said.join("\n"));
  if (block.lang === "json") JSON.parse(block.code);
  if (block.lang === "sh") await (block.mode === "run" ? runShell(block, copy.root) : checkShell(block, copy.root));
  if ((block.lang === "ts" || block.lang === "js") && block.mode !== "check") await runCode(block, copy.root);
}

/** GitHub's rule for the anchor of a heading. */
function anchors(markdown: string): string[] {
  const prose = markdown.replaceAll(/^(\s*`{3,}).*?^\1\s*$/gms, "");
  const headings = [...prose.matchAll(/^#{1,6}\s+(.*)$/gm)].map((match) => match[1] ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

function brokenLinks(markdown: string): string[] {
  const prose = markdown.replaceAll(/^(\s*`{3,}).*?^\1\s*$/gms, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
  return targets.filter((target) => {
    if (/^(https?:|mailto:)/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    if (file !== "") return !existsSync(path.join(projectRoot, file));
    return !anchors(markdown).includes(anchor ?? "");
  });
}

describe.skipIf(text === undefined)("README.md", () => {
  const markdown: Markdown = readMarkdown(`${text ?? ""}\n${contexts}`);
  let complaints = new Map<number, string[]>();
  beforeAll(() => {
    complaints = typecheck(markdown, copy.root);
  }, 180_000);

  it("tells what was measured last", () => {
    const results = JSON.parse(readFileSync(path.join(projectRoot, "test/bench/results.json"), "utf8")) as Results;
    expect(text).toContain(figures(results));
  });

  it("has only blocks that can be proved", () => {
    expect(markdown.faults).toEqual([]);
    expect(markdown.blocks.filter(({ lang }) => lang === "ts" || lang === "js")).not.toEqual([]);
    expect(markdown.blocks.filter(({ mode }) => mode !== "check")).not.toEqual([]);
  });

  it.each(markdown.blocks.map((block) => [block.line, block.lang, block.mode, block] as const))(
    "line %i: %s (%s) holds",
    async (_line, _lang, _mode, block) => await prove(block, complaints),
    60_000,
  );

  it("links to what is there", () => {
    expect(brokenLinks(text ?? "")).toEqual([]);
  });

  it("has a heading for every error code", () => {
    const headings = anchors(text ?? "");
    expect(Object.keys(ERRORS).filter((code) => !headings.some((heading) => heading.includes(code)))).toEqual([]);
  });
});

describe("the proof of a block", () => {
  const fenced = (lang: string, code: string, directive = ""): string =>
    `Words.\n\n${directive && `<!-- test: ${directive} -->\n`}\`\`\`${lang}\n${code}\n\`\`\`\n`;
  const attempt = async (sample: string): Promise<void> => {
    const markdown = readMarkdown(sample);
    if (markdown.faults.length > 0) throw new Error(markdown.faults.join("\n"));
    const complaints = typecheck(markdown, copy.root);
    for (const block of markdown.blocks) await prove(block, complaints);
  };
  const server = (body: string): string =>
    `import { createServer } from "node:http";\ncreateServer((_req, res) => { res.statusCode = ${body}; res.end(); }).listen(3000);`;

  it.each([
    ["types that hold", fenced("ts", 'export const one: number = 1;\nimport path from "node:path";\npath.join("a");')],
    [
      "the package by its own name",
      fenced(
        "js",
        'import manifest from "require2fa/package.json" with { type: "json" };\nif (manifest.name !== "require2fa") throw new Error();',
        "run",
      ),
    ],
    [
      "a context",
      `<!-- test: define app\ndeclare const app: import("express").Express;\n-->\n\n${fenced("ts", 'app.get("/", (_req, res) => void res.end());', "context=app")}`,
    ],
    [
      "a subpath of the package",
      fenced("js", 'import { MittoError } from "require2fa/mitto";\nif (!MittoError.name) throw new Error();', "run"),
    ],
    [
      "a context that is set up",
      `<!-- test: define app\ndeclare global {\n  const one: 1;\n}\nexport {};\n-->\n\n<!-- test: setup app\nObject.assign(globalThis, { one: 1 });\n-->\n\n${fenced("js", "if (one !== 1) throw new Error();", "context=app run")}`,
    ],
    ["a program that ends well", fenced("ts", "const n: number = 1;\nif (n !== 1) process.exit(1);", "run")],
    ["a program that needs a secret", fenced("js", "if (!process.env.TWO_FACTOR_SECRET) throw new Error();", "run")],
    ["a server", fenced("js", server("401"), "serve GET /vault 401")],
    ["json", fenced("json", '{ "a": [1] }')],
    ["shell lines", fenced("sh", "npm install require2fa express  # both\nnpm ci && npm run build")],
    ["shell lines that run", fenced("sh", "test -f package.json", "run")],
    [
      "shell lines beside servers",
      fenced(
        "sh",
        "PORT=4000 npm run start:vendors  # here\nAPI=localhost:4000 \\\n  npm start  # and there\ncurl -sf localhost:4000/outbox localhost:3000/ -o /dev/null",
        "run servers",
      ),
    ],
    ["an indented block", "1. One\n\n   ```json\n   { }\n   ```\n"],
    ["what is only shown", fenced("text", "anything") + fenced("http", "GET / HTTP/1.1")],
  ])("passes %s", async (_what, sample) => await attempt(sample), 60_000);

  it.each([
    ["a type error, by its line", fenced("ts", "\nexport const one: number = '1';"), "line 5: TS2322"],
    ["a type error in js", fenced("js", "Math.max('1');"), "TS2345"],
    ["a word of the context outside it", fenced("ts", "app.get('/');"), "TS2304"],
    ["a program that throws", fenced("js", "throw new Error('broken example');", "run"), "broken example"],
    ["a server that answers otherwise", fenced("js", server("200"), "serve GET /vault 401"), "answered 200, not 401"],
    ["a server that never listens", fenced("js", "export {};", "serve GET / 200"), "before it listened"],
    ["broken json", fenced("json", "{ a: 1 }"), "JSON"],
    ["a script that is not there", fenced("sh", "npm run nothing"), "no such script"],
    ["a package that is not ours", fenced("sh", "npm install left-pad"), "not in package.json: left-pad"],
    ["a command that was not run", fenced("sh", "curl localhost:3000"), "can only be proved by running it"],
    ["servers that nobody starts", fenced("sh", "true", "run servers"), "no line starts a server"],
    ["a setup of no context", "<!-- test: setup app\n1;\n-->\n", "no context"],
    ["a shell line that fails", fenced("sh", "false\ntrue", "run"), "bash ended with 1"],
    ["a language without a check", fenced("python", "1"), "can be proved"],
    ["no language", fenced("", "1"), "can be proved"],
    ["an unknown directive", fenced("ts", "1;", "skip"), "not a directive"],
    ["a misspelt comment", "<!-- test skip -->\n```json\n1\n```\n", "not a directive"],
    ["a directive that lost its block", "<!-- test: run -->\nWords.\n", "without a block"],
    ["a context that is not defined", fenced("ts", "1;", "context=nowhere"), "nowhere"],
    ["a block without end", "```ts\n1;\n", "does not end"],
  ])("refuses %s", async (_what, sample, why) => await expect(attempt(sample)).rejects.toThrow(why), 60_000);

  it("knows a link that leads nowhere", () => {
    expect(brokenLinks("# One `two`, three\n[a](#one-two-three) [b](package.json) [c](nowhere.md) [d](#four)")).toEqual(
      ["nowhere.md", "#four"],
    );
  });
});
