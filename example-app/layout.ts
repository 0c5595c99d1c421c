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
}

const FLOW = html`<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <path d="M4 23c4 0 4-3 8-3s4 3 8 3 4-3 8-3M6 16 13 6l4 5 3-4 6 9" />
</svg>`;

export function sendPage(res: Response, { title, body, status = 200, user, script }: Page): void {
  res.set({
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(script),
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
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <header class="masthead">
          <a class="brand" href="/">${FLOW}<span>Fjord Bank</span></a>
          ${user && html`<form method="post" action="/logout" class="who">
            <span>${user.name}</span>
            <button type="submit" class="quiet">Log out</button>
          </form>`}
        </header>
        <main>${body}</main>
        ${script !== undefined && html`<script>${new Markup(script)}</script>`}
      </body>
    </html> `;
  res.status(status).type("html").send(document.toString());
}

const STYLE_HASH = hashOf(STYLE);

/** Nothing runs and nothing is shown but what is written here, word for word. */
function policy(script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src ${STYLE_HASH}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function hashOf(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
