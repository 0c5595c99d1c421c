import type { Counted } from "../../../core/counted.js";
import type { ErrorCode } from "../../../core/errors.js";
import type { MethodName, SentMethod } from "../../../methods/method.js";

/** What went wrong, in three or four words, and what to do about it. */
export type Problem = readonly [title: string, advice: string];

/**
 * Every word of the page in one language. Placeholders: `{to}` the masked recipient, `{wait}` a time ahead
 * ("in 15 minutes"), `{count}` a number, `{time}` a clock that runs down or the time of day.
 */
export interface PageTexts {
  readonly heading: Readonly<Record<"confirm" | "approve" | "done" | "canceled" | "nothing", string>>;
  readonly explain: Readonly<Record<"done" | "canceled" | "nothing", string>>;
  readonly approving: string;
  readonly method: Readonly<Record<MethodName, string>>;
  /** What to do, for methods where nothing is sent. */
  readonly prompt: Readonly<Record<Exclude<MethodName, SentMethod>, string>>;
  /** Naming the recipient, and for want of one. */
  readonly sending: Readonly<Record<SentMethod, readonly [withRecipient: string, without: string]>>;
  readonly sent: Readonly<Record<SentMethod, readonly [withRecipient: string, without: string]>>;
  /** The label of the input; `{count}` is the number of digits. */
  readonly code: string;
  readonly codeWithDigits: Counted;
  readonly recoveryCode: string;
  readonly attempts: Counted;
  readonly validUntil: string;
  readonly sentAgain: string;
  readonly neverShare: string;
  readonly anotherWay: string;
  readonly button: Readonly<
    Record<
      "confirm" | "approve" | "resend" | "call" | "cancel" | "restart" | "back" | "continue" | "retry" | "login",
      string
    >
  >;
  /** The resend button while it waits. */
  readonly resendIn: string;
  readonly callIn: string;
  /** Stands in for `{wait}` where nobody knows how long. */
  readonly later: string;
  readonly problem: Readonly<Record<ErrorCode, Problem>>;
  readonly factors: FactorTexts;
  readonly passkey: PasskeyTexts;
  /** Trusted devices; `{date}` is a day. */
  readonly devices: Readonly<
    Record<"title" | "lead" | "none" | "unnamed" | "until" | "removeAll" | "trust" | "hint", string>
  >;
  /** "This was not me". */
  readonly report: Readonly<Record<"title" | "lead" | "confirm" | "done" | "invalid", string>>;
}

/** Words about passkeys, which nobody types. */
export interface PasskeyTexts {
  readonly use: string;
  readonly make: string;
  /** What is going to happen. */
  readonly making: string;
  /** No passkey answered; browsers do not say why. */
  readonly refused: string;
  readonly notMade: string;
  readonly known: string;
  readonly unsupported: string;
  readonly noScript: string;
  /** In the place of what is said about wrong codes. */
  readonly wrong: Problem;
  readonly synced: string;
  readonly single: string;
}

/** Words of the page of factors. `{date}` is a day. */
export interface FactorTexts {
  readonly title: string;
  readonly lead: string;
  /** Why somebody who was about to do something else is here. */
  readonly required: string;
  readonly none: string;
  readonly add: string;
  readonly added: string;
  readonly used: string;
  readonly change: string;
  readonly phone: string;
  readonly phoneHint: string;
  readonly email: string;
  readonly send: string;
  readonly scan: string;
  readonly key: string;
  readonly openApp: string;
  readonly qr: string;
  readonly enter: string;
  readonly name: string;
  readonly save: string;
  readonly remove: string;
  readonly removing: string;
  readonly removingLast: string;
  readonly done: Readonly<Record<"added" | "removed" | "renamed", string>>;
  readonly codes: {
    readonly title: string;
    readonly lead: string;
    readonly left: Counted;
    readonly make: string;
    readonly replacing: string;
    readonly shown: string;
    readonly print: string;
    readonly copy: string;
    readonly copied: string;
    readonly download: string;
    readonly saved: string;
  };
}
