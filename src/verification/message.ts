import { domainToASCII } from "node:url";
import { misconfigured } from "../core/errors.js";
import { countedForm } from "../core/counted.js";
import { pickLocale } from "../core/locale.js";
import { pattern } from "../core/pattern.js";
import type { Channel } from "../providers/provider.js";
import { htmlDocument } from "./message-html.js";
import { type MessageBook, TEXTS } from "./texts.js";
import type { MessageTexts } from "./texts/shape.js";

export interface MessageParts {
  readonly channel: Channel;
  readonly code: string;
  /** BCP 47 tag; a language that is not in the book becomes English. */
  readonly locale?: string | undefined;
  /** Whose words; ours by default. */
  readonly book?: MessageBook | undefined;
  /** How long the code lives from now; rounded down, as a promise should be. */
  readonly minutes: number;
  /** What people call the app. */
  readonly service?: string | undefined;
  /** The app's own host, out of its configuration and never out of a request: phones offer the code on it alone. */
  readonly host?: string | undefined;
  readonly action?: string | undefined;
  /** What is being approved, as labels and values. */
  /** E-mail only: a link for somebody who did not ask for it. */
  readonly report?: string | undefined;
  readonly show?: ReadonlyArray<readonly [label: string, value: string]> | undefined;
}

export interface ComposedMessage {
  readonly text: string;
  /** E-mail only; never holds the code. */
  readonly subject?: string;
  /** E-mail only: the text once more, as a complete HTML document. */
  readonly html?: string;
  readonly locale: string;
}

/**
 * The message that carries a code: what it is for, how long it lives, and that it is nobody else's business.
 *
 * @throws TwoFactorError `misconfigured` for a `host` that is not a host name.
 */
export function composeMessage(parts: MessageParts): ComposedMessage {
  const book: MessageBook = parts.book ?? TEXTS;
  const locale = pickLocale(Object.keys(book), parts.locale);
  const texts = book[locale] ?? book.en;
  if (parts.channel === "voice") return { text: spokenText(texts, locale, parts), locale };
  const sentences = written(texts, locale, parts);
  if (parts.channel === "email") return emailMessage(texts, locale, parts, sentences);
  const text = inOneLine(sentences);
  return { text: parts.host === undefined ? text : `${text}\n\n@${bindingHost(parts.host)} #${parts.code}`, locale };
}

/** In place of a code: makes the template of a message, for providers that make the code themselves. */
export const CODE_PLACE = "{code}";

/** Room for a handful of fields; with more, an SMS would come in pieces that nobody reads to the end. */
const MAX_WHAT = 300;

function written(
  texts: MessageTexts,
  locale: string,
  { channel, code, minutes, service, action, show = [] }: MessageParts,
): string[] {
  const details = show.map(([label, value]) => `${cleanValue(label)}: ${fenced(value)}`);
  const what = listed([cleanValue(action ?? ""), ...details], channel === "email" ? Infinity : MAX_WHAT);
  return [
    named(texts.code, code, cleanValue(service ?? "")),
    ...(what === "" ? [] : [fill(texts.approves, { what })]),
    lifetime(texts, locale, minutes),
    texts.secret,
  ];
}

/** The full stop of Japanese and Chinese has its space in itself. */
function inOneLine(sentences: readonly string[]): string {
  return sentences.reduce((text, next) => text + (text.endsWith("\u3002") ? "" : " ") + next);
}

function emailMessage(
  texts: MessageTexts,
  locale: string,
  { code, service, report }: MessageParts,
  sentences: readonly string[],
): ComposedMessage {
  const subject = named(texts.subject, code, cleanValue(service ?? ""));
  const all = [...sentences, texts.alarm];
  const link = report === undefined ? undefined : { text: texts.report, href: report };
  const text = [...all, ...(link ? [`${link.text}:\n${link.href}`] : [])].join("\n\n");
  return { text, subject, html: htmlDocument({ locale, subject, code, sentences: all, link }), locale };
}

/** A value that could be taken for another field of the list stands in quotes. */
function fenced(value: string): string {
  const clean = cleanValue(value);
  return /[,:]\s|"/.test(clean) ? `"${clean.replaceAll('"', "'")}"` : clean;
}

const LETTER_OR_DIGIT = pattern(String.raw`[\p{L}\p{N}]`, "u");

function spokenText(
  texts: MessageTexts,
  locale: string,
  { code, minutes, service, action, show = [] }: MessageParts,
): string {
  const details = show.map(([label, value]) => `${speakable(label)} ${speakable(value)}`);
  const what = listed([speakable(action ?? ""), ...details], MAX_WHAT);
  const digits =
    code === CODE_PLACE ? code : [...code].filter((character) => LETTER_OR_DIGIT().test(character)).join(", ");
  const sentences = [
    ...(what === "" ? [] : [fill(texts.approves, { what })]),
    named(texts.spoken, digits, speakable(service ?? "")),
    fill(texts.again, { code: digits }),
    lifetime(texts, locale, minutes),
    texts.secret,
  ];
  // a colon is a pause on paper only: voices read it out, or run over it
  return inOneLine(sentences.map((sentence) => sentence.replace(/ ?:/g, ",")));
}

function named(text: { named: string; plain: string }, code: string, service: string): string {
  return fill(service === "" ? text.plain : text.named, { code, service });
}

/** What a message says of a life: a code that was made a moment ago has not lost a minute. */
export function wholeMinutes(minutes: number): number {
  return Math.max(1, Math.floor(minutes + 0.05));
}

function lifetime(texts: MessageTexts, locale: string, minutes: number): string {
  const whole = wholeMinutes(minutes);
  return fill(countedForm(locale, texts.minutes, whole), { minutes: String(whole) });
}

/** One pass: what a value holds is never read as a placeholder again. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

/** Joins what fits and says when something was left out. */
function listed(items: readonly string[], room: number): string {
  const present = items.filter((item) => item !== "");
  let length = 0;
  const fitting = present.filter((item) => (length += item.length + 2) <= room);
  return (fitting.length < present.length ? [...fitting, "..."] : fitting).join(", ");
}

const MAX_VALUE = 60;
const MAX_RAW = 1_024;
const CONTROLS = pattern(String.raw`[\p{Cc}\p{Zl}\p{Zp}]+`, "gu");
const INVISIBLE = pattern(String.raw`[\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]+`, "gu");
const SPACES = pattern(String.raw`\p{Zs}+`, "gu");

/**
 * A value as a person may see it: on one line, in reading order, with nothing invisible in it, at most 60 characters.
 */
export function cleanValue(value: string): string {
  const visible = String(value)
    .slice(0, MAX_RAW)
    .replace(CONTROLS(), " ")
    .replace(INVISIBLE(), "")
    .replace(SPACES(), " ")
    .trim();
  const characters = [...visible];
  return characters.length <= MAX_VALUE
    ? visible
    : `${characters
        .slice(0, MAX_VALUE - 3)
        .join("")
        .trimEnd()}...`;
}

const UNSPEAKABLE = pattern(String.raw`[^\p{L}\p{M}\p{N}\p{Sc} .,'-]+`, "gu");

/** Letters, digits, amounts and the marks inside them: a voice would spell out the rest, or take it for markup. */
function speakable(value: string): string {
  return cleanValue(cleanValue(value).replace(UNSPEAKABLE(), " "));
}

/**
 * The host as the last line of an SMS names it: without a port, international names in their ASCII form.
 *
 * @throws TwoFactorError `misconfigured` for anything but a host name.
 */
export function bindingHost(host: string): string {
  const name = domainToASCII(host.replace(/:\d{1,5}$/, ""));
  if (!/^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/.test(name)) {
    throw misconfigured(`host: ${JSON.stringify(host)} is not a host name. Write it bare, as in "app.example.com".`);
  }
  return name;
}
