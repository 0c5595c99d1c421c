import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { STYLE } from "./style.js";
import type { User } from "./users.js";

/** Markup that is safe to send. A class, not a shape: nothing that came with a request can pass for one. */
class Markup {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  toString(): string {
    return this.#source;
  }
}

export type { Markup };

type Part = Markup | string | number | false | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A template whose every value is escaped, unless it was made the same way. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((source, string, index) => source + render(parts[index - 1]) + string));
}

function render(part: Part): string {
  if (part instanceof Markup) return part.toString();
  if (Array.isArray(part)) return (part as readonly Part[]).map(render).join("");
  if (part === undefined || part === false) return "";
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Whether a person is looking: a browser asks for HTML by name, a program takes anything. */
export function wantsPage(req: Request): boolean {
  return req.accepts(["json", "html"]) === "html";
}

export interface Page {
  readonly title: string;
  readonly body: Markup;
  readonly status?: number;
  /** Who is logged in. */
  readonly user?: User | undefined;
  /** The one script of the page; nothing from a request goes into it. */
  readonly script?: string;
  /** The script imports others, from here. */
  readonly isModule?: boolean;
}

/** Outlines on a grid of 24. Decoration: whatever they show is said in words as well. */
const OUTLINES = {
  fjord: "M2 18c2.5 0 2.5-1.5 5-1.5S9.5 18 12 18s2.5-1.5 5-1.5S19.5 18 22 18M4 13l5.5-8 3 4L15 6.5 20 13",
  lock: "M6.5 10.5h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2zM8 10.5V7.5a4 4 0 0 1 8 0v3",
  transfer: "M4 8.5h15m-4-4 4 4-4 4M20 15.5H5m4-4-4 4 4 4",
  list: "M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
  people:
    "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 19.5c0-3 2.5-5 6-5s6 2 6 5M16 5a3.3 3.3 0 0 1 0 6.3M18 15c1.9.7 3 2.3 3 4.5",
  window: "M3.5 6.5a2 2 0 0 1 2-2h13a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2zM3.5 9h17M6.5 6.8h.01M9 6.8h.01",
  key: "M8 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12.5 12H21v3.5M17 12v2.5",
  box: "M4 8.5 12 4l8 4.5v7L12 20l-8-4.5zM4 8.5l8 4.5 8-4.5M12 13v7",
} as const;

export function icon(name: keyof typeof OUTLINES): Markup {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${OUTLINES[name]}" /></svg>`;
}

export function sendPage(res: Response, { title, body, status = 200, user, script, isModule }: Page): void {
  res.set({
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(script, isModule),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  });
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · Fjord Bank</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header class="masthead">
          <div>
            <a class="brand" href="/">${icon("fjord")}Fjord Bank</a>
            ${
              user &&
              html`<form method="post" action="/logout" class="who">
                <span>${user.name}</span>
                <button type="submit" class="quiet">Log out</button>
              </form>`
            }
          </div>
        </header>
        <main>${body}</main>
        <footer>${colophon(res)}</footer>
        ${script !== undefined && new Markup(`<script${isModule ? ' type="module"' : ""}>${script}</script>`)}
      </body>
    </html> `;
  res.status(status).type("html").send(document.toString());
}

function colophon(res: Response): Markup {
  const outbox = res.app.locals["outbox"] === true && res.req.path !== "/outbox";
  return html`<p>A demonstration of require2fa: no money moves here.</p>
    ${outbox && html`<p>Its messages arrive in the <a href="/outbox" target="_blank">outbox (in a new tab)</a>.</p>`}`;
}

const STYLE_ELEMENT = new Markup(`<style>${STYLE}</style>`);
const STYLE_HASH = hashOf(STYLE);

/** Nothing runs and nothing is shown but what is written here, word for word. */
function policy(script: string | undefined, isModule = false): string {
  return [
    "default-src 'none'",
    `style-src ${STYLE_HASH}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}${isModule ? " 'self'" : ""}`, "connect-src 'self'"]),
    ...(isModule ? ["require-trusted-types-for 'script'", "trusted-types 'none'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function hashOf(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
