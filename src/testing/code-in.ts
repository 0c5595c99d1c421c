import { pattern } from "../core/pattern.js";

const SPOKEN = pattern(String.raw`(?<![\p{L}\p{N}])\d(?:, \d){5,}`, "u");

/**
 * The code in one of our messages: at the end of an SMS for this site, digit by digit in a call, else the first word of
 * six digits or more.
 */
export function codeIn(text: string): string | undefined {
  const spoken = SPOKEN().exec(text)?.[0];
  return (
    /#(\d{6,20})$/.exec(text)?.[1] ?? spoken?.replaceAll(", ", "") ?? /(?<![a-z\d.,])\d{6,20}(?!\d)/i.exec(text)?.[0]
  );
}
