import { pattern } from "../../core/pattern.js";

/** Characters that show nothing and can rearrange or hide what stands beside them. */
const INVISIBLE = pattern(String.raw`[\p{Cc}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]`, "gu");

/** Text of somebody else's making, so that a person approves what is there and not what it was made to look like. */
export function visible(text: string): string {
  return text.replace(/\s/gu, " ").replace(INVISIBLE(), "\uFFFD");
}
