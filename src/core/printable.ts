import { pattern } from "./pattern.js";

const UNSEEN = pattern(String.raw`\p{C}`, "u");

/** Whether a text has so many characters, and none that is not seen. */
export function isPrintable(text: string, least: number, most: number): boolean {
  const { length } = [...text];
  return length >= least && length <= most && !UNSEEN().test(text);
}
