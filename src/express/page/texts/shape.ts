import type { Counted } from "../../../core/counted.js";
import type { ErrorCode } from "../../../core/errors.js";
import type { MethodName } from "../../../methods/method.js";

/** What went wrong, in three or four words, and what to do about it. */
export type Problem = readonly [title: string, advice: string];

/** Methods whose code travels to somebody. */
export type SentMethod = "sms" | "voice" | "email";

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
    Record<"confirm" | "approve" | "resend" | "call" | "cancel" | "restart" | "back" | "continue" | "retry", string>
  >;
  /** The resend button while it waits. */
  readonly resendIn: string;
  readonly callIn: string;
  /** Stands in for `{wait}` where nobody knows how long. */
  readonly later: string;
  readonly problem: Readonly<Record<ErrorCode, Problem>>;
}
