/**
 * Takes the fenced blocks out of a Markdown file and proves each of them. Nothing is passed over: a block is
 * typechecked, parsed or run, and a block in a language without a check is an error.
 *
 * | block | without a word | with a hidden comment on the line before it |
 * | --- | --- | --- |
 * | ts, js | typechecked as a module of its own | `<!-- test: context=app -->` may use what the context declares |
 * | ts, js | | `<!-- test: run -->` is also run: it must end by itself, with success |
 * | ts, js | | `<!-- test: serve GET /vault 401 -->` is also run until it listens, then answers that request |
 * | json | parsed | |
 * | sh | read by bash; npm scripts and packages must exist | `<!-- test: run -->` is run in a copy of the project |
 * | sh | | `<!-- test: run example-app -->` is run against the example app, in place of `localhost:3000` |
 * | sh | | `<!-- test: run servers -->`: what `npm start` and `npm run start:vendors` start is started, the rest is run |
 * | text, http, html | shown only | |
 * | jsx, vue | shown only: test/browser/frameworks.test.ts runs them | |
 *
 * A context is a hidden comment too, of ambient declarations: `<!-- test: define app`, lines, `-->`. Where its words must
 * be there when a block is run, `<!-- test: setup app` has the module that puts them on `globalThis`. Those of the README
 * stand in readme-contexts.md beside this file.
 */
export interface Block {
  readonly lang: string;
  readonly code: string;
  /** The line of its first fence, from 1. */
  readonly line: number;
  readonly context: string;
  readonly mode: "check" | "run" | "serve";
  readonly serve?: { readonly method: string; readonly path: string; readonly status: number };
  /** What a shell block finds running. */
  readonly beside?: "example-app" | "servers";
}

export interface Markdown {
  readonly blocks: readonly Block[];
  /** Ambient declarations by the name of the context. */
  readonly contexts: Readonly<Record<string, string>>;
  /** Modules to be run before the blocks of a context, by its name. */
  readonly setups: Readonly<Record<string, string>>;
  /** What could not be understood; never empty-handed about it. */
  readonly faults: readonly string[];
}

const LANGUAGES = new Set(["ts", "js", "json", "sh", "text", "http", "html", "jsx", "vue"]);

export function readMarkdown(text: string): Markdown {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  const contexts: Record<string, string> = { none: "" };
  const setups: Record<string, string> = {};
  const faults: string[] = [];
  let directive = "";
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const start = at + 1;
    const define = /^<!--\s*test:\s*(define|setup)\s+([\w-]+)\s*$/.exec(line);
    const fence = /^(\s*)(`{3,})\s*([^\s`]*)/.exec(line);
    if (define) {
      const end = lines.findIndex((each, index) => index > at && each.trim() === "-->");
      if (end < 0) faults.push(`${start}: a context that does not end`);
      (define[1] === "define" ? contexts : setups)[define[2] ?? ""] = lines.slice(at + 1, end).join("\n");
      at = end < 0 ? lines.length : end;
    } else if (fence) {
      const end = lines.findIndex((each, index) => index > at && each.trim() === fence[2]);
      if (end < 0) faults.push(`${start}: a block that does not end`);
      const indent = new RegExp(`^\\s{0,${(fence[1] ?? "").length}}`);
      const code = lines
        .slice(at + 1, end)
        .map((each) => each.replace(indent, ""))
        .join("\n");
      const block = describeBlock(fence[3] ?? "", code, start, directive);
      if (typeof block === "string") faults.push(block);
      else blocks.push(block);
      directive = "";
      at = end < 0 ? lines.length : end;
    } else if (line.trim() !== "") {
      if (directive !== "") faults.push(`${start}: a directive without a block after it`);
      directive = /^\s*<!--\s*test:\s*(.*?)\s*-->\s*$/.exec(line)?.[1] ?? "";
      if (directive === "" && /<!--\s*test\b/.test(line)) faults.push(`${start}: not a directive: ${line.trim()}`);
    }
  }
  if (directive !== "") faults.push(`${lines.length}: a directive without a block after it`);
  for (const { context, line } of blocks)
    if (!(context in contexts)) faults.push(`${line}: no context "${context}" is defined`);
  for (const name of Object.keys(setups))
    if (!(name in contexts)) faults.push(`a setup of "${name}", which is no context`);
  return { blocks, contexts, setups, faults };
}

/** What the words of a directive ask for, or `undefined` for words that mean nothing for this language. */
function readDirective(lang: string, directive: string): Omit<Block, "lang" | "code" | "line"> | undefined {
  let rest = directive;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest) ?? undefined;
    if (match) rest = rest.replace(match[0], "");
    return match;
  };
  const isCode = lang === "ts" || lang === "js";
  const context = isCode ? take(/\bcontext=([\w-]+)/)?.[1] : undefined;
  const serve = isCode ? take(/\bserve\s+([A-Z]+)\s+(\/\S*)\s+(\d{3})\b/) : undefined;
  const beside = lang === "sh" ? take(/\brun\s+(example-app|servers)\b/)?.[1] : undefined;
  const run = isCode || lang === "sh" ? take(/\brun\b/) : undefined;
  if (rest.trim() !== "") return undefined;
  return {
    context: context ?? "none",
    mode: serve ? "serve" : run || beside ? "run" : "check",
    ...(beside === undefined ? {} : { beside: beside as "example-app" | "servers" }),
    ...(serve ? { serve: { method: serve[1] ?? "", path: serve[2] ?? "", status: Number(serve[3]) } } : {}),
  };
}

function describeBlock(lang: string, code: string, line: number, directive: string): Block | string {
  if (!LANGUAGES.has(lang)) return `${line}: a block in "${lang}": one of ${[...LANGUAGES].join(", ")} can be proved`;
  if (code.trim() === "") return `${line}: an empty block`;
  const wanted = readDirective(lang, directive);
  return wanted ? { lang, code, line, ...wanted } : `${line}: not a directive for ${lang}: ${directive}`;
}
