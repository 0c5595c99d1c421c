import { isTwoFactorError } from "../core/errors.js";
import { pattern } from "../core/pattern.js";
import { maskAddress } from "../core/redact.js";
import type { DeliveryFacts, Message } from "../providers/provider.js";

/**
 * What an error says about trying again. Goes by its fields, not its class: a provider may be anybody's function.
 * Whoever says nothing may have sent the message.
 */
export function factsOf(error: unknown): Required<DeliveryFacts> {
  // a provider that is set up wrongly never came as far as sending
  if (isTwoFactorError(error)) return { unsent: true, permanent: true, retryAfter: undefined };
  const { unsent, permanent, retryAfter } = Object(error) as Record<keyof DeliveryFacts, unknown>;
  const hasPause = typeof retryAfter === "number" && retryAfter > 0;
  return {
    unsent: unsent === true,
    permanent: permanent === true,
    retryAfter: hasPause ? Math.min(retryAfter, MAX_PAUSE) : undefined,
  };
}

/** A carrier that asks for more than an hour, in milliseconds, is asked again after one: it may have been a slip. */
const MAX_PAUSE = 3_600_000;

const MAX_LENGTH = 500;
const MAX_CAUSES = 3;

/**
 * A copy of a provider's error that is fit for a log: name, words, code, stack and causes, with the recipient masked
 * and everything of the message that could be its code taken out. Other fields stay behind: clients of all kinds like
 * to keep the whole request in their errors.
 */
export function presentable(error: unknown, message: Message): Error {
  try {
    return copied(error, cleaner(message), MAX_CAUSES);
  } catch {
    return new Error("The provider failed with something that cannot be read.");
  }
}

type Clean = (text: string) => string;

function copied(error: unknown, clean: Clean, depth: number): Error {
  const { name, message, code, stack, cause } = Object(error) as Record<string, unknown>;
  const hasCause = cause !== undefined && depth > 0;
  const words = typeof message === "string" ? message : String(error);
  const copy = new Error(clean(words), hasCause ? { cause: copied(cause, clean, depth - 1) } : {});
  copy.name = typeof name === "string" ? clean(name) : "Error";
  if (typeof code === "string" || typeof code === "number") Object.assign(copy, { code: clean(String(code)) });
  copy.stack = [`${copy.name}: ${copy.message}`, ...framesOf(stack).map(clean)].join("\n");
  return copy;
}

/** Where it happened. The head of a stack repeats the error's words, so it is left out. */
function framesOf(stack: unknown): string[] {
  if (typeof stack !== "string") return [];
  return stack.split("\n", 60).filter((line) => line.startsWith("    at ") && line.length < MAX_LENGTH);
}

function cleaner(message: Message): Clean {
  const secrets = secretsOf(message);
  const recipient = message.to.startsWith("+") ? message.to.slice(1) : message.to;
  const masked = maskAddress(message.to);
  return (text) => {
    let result = text.slice(0, MAX_LENGTH * 20);
    for (const secret of secrets) result = result.replaceAll(secret, "[removed]");
    return result.replaceAll(message.to, masked).replaceAll(recipient, masked).slice(0, MAX_LENGTH);
  };
}

const DIGIT = pattern(String.raw`\p{N}`, "u");
const WORDS = pattern(String.raw`[\p{L}\p{N}]{4,}(?:-[\p{L}\p{N}]+)*`, "gu");
/** Characters one by one, as a voice reads a code. */
const SPOKEN = pattern(String.raw`(?<![\p{L}\p{N}])[\p{L}\p{N}](?:, [\p{L}\p{N}]){3,}`, "gu");

/** Longest first, so that no part of a longer one is left standing. */
function secretsOf({ text, html }: Message): string[] {
  const words = text.match(WORDS()) ?? [];
  const spoken = text.match(SPOKEN()) ?? [];
  const codes = words.filter((word) => DIGIT().test(word) || word === word.toUpperCase());
  const all = [text, html ?? "", ...codes, ...spoken, ...spoken.map((digits) => digits.replaceAll(", ", ""))];
  return all.filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
}
