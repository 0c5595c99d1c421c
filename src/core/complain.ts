import { pattern } from "./pattern.js";
import { maskEmail } from "./redact.js";

/** One line for whoever runs the app, where nothing else would tell them: on the console, as an error. */
export function complain(line: string): void {
  // oxlint-disable-next-line no-console -- a fault that nobody listens to must not be silent
  console.error(`require2fa: ${line}`);
}

const MAX_LENGTH = 400;
const MAX_CAUSES = 3;

/**
 * What an error says, in one line that is fit for a log. It may be anybody's error, about anything: addresses are masked,
 * and whatever could be a code, a number or a secret is taken out.
 */
export function inOneLine(error: unknown): string {
  try {
    return clean(wordsOf(error, MAX_CAUSES)).slice(0, MAX_LENGTH);
  } catch {
    return "an error that cannot be read";
  }
}

function wordsOf(error: unknown, depth: number): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { name, message, code, cause } = error as Record<string, unknown>;
  const words = [name, code, message].filter((part) => typeof part === "string" && part !== "");
  const [first, second] = words;
  // An error that is named by its code says so once.
  const own = (words.length > 1 && String(words.at(-1)).includes(String(second)) ? [first, words.at(-1)] : words).join(
    ": ",
  );
  if (words.length === 0) return "an error without words";
  return cause === undefined || depth === 0 ? own : `${own} <- ${wordsOf(cause, depth - 1)}`;
}

const UNTIDY = pattern(String.raw`[\p{Cc}\s]+`, "gu");
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function clean(words: string): string {
  return words
    .slice(0, MAX_LENGTH * 4)
    .replace(UNTIDY(), " ")
    .replace(/\/\/[^\s/@]+@/g, "//•••@")
    .replace(/[^\s"'<>(),;:=/@•]+@[^\s"'<>(),;:@]+/g, (address) => maskEmail(address))
    .replace(/\w{6,}/g, (word) =>
      /\d/.test(word) && /[A-Za-z]/.test(word) && word !== "require2fa" ? "[removed]" : word,
    )
    .replace(/\+?\d[\d ().-]{4,}\d/g, (number) => (IP_ADDRESS.test(number) ? number : "[number]"));
}
