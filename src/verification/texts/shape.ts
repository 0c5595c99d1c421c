/** A sentence with and without the name of the service. */
interface Named {
  readonly named: string;
  readonly plain: string;
}

/** Everything a message says, in one language. What SMS uses stays within the GSM alphabet. */
export interface MessageTexts {
  /** Begins with the code. */
  readonly code: Named;
  readonly spoken: Named;
  readonly again: string;
  readonly subject: Named;
  /** What the code stands for: an action, a transaction, or both. */
  readonly approves: string;
  readonly minutes: { readonly one: string; readonly other: string };
  readonly secret: string;
  /** E-mail only: somebody who has no use for this code should act. */
  readonly alarm: string;
}
