import type { Counted } from "../../core/counted.js";

/** A sentence with and without the name of the service. */
interface Named {
  readonly named: string;
  readonly plain: string;
}

/**
 * Everything a message says, in one language. What SMS uses stays within the GSM alphabet, or where that has no letters
 * for the language, within two segments of 67 characters. Placeholders: `{code}`, `{service}` what people call the app,
 * `{what}` what is approved, `{minutes}`.
 */
export interface MessageTexts {
  /** Begins with the code. */
  readonly code: Named;
  readonly spoken: Named;
  readonly again: string;
  readonly subject: Named;
  /** What the code stands for: an action, a transaction, or both. */
  readonly approves: string;
  /** How long the code lives; `{minutes}` is a whole number. */
  readonly minutes: Counted;
  readonly secret: string;
  /** E-mail only: somebody who has no use for this code should act. */
  readonly alarm: string;
  /** E-mail only: the words of a link, or what stands before it. */
  readonly report: string;
}
