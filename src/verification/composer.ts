import { type ComposedMessage, composeMessage, type MessageParts, wholeMinutes } from "./message.js";

/** The same in all messages of one way of sending. */
export type Common = Pick<MessageParts, "channel" | "book" | "service" | "host">;
/** A person's own. */
export type Own = Omit<MessageParts, keyof Common>;

/** Stands for the code in what is kept: no text of ours has it, and values are cleaned of it. */
const PLACE = "\0";
/** Languages times minutes of a life. */
const MAX_KEPT = 500;

/**
 * `composeMessage()` that does most of its work once: a message that approves nothing in particular is the same for
 * everybody but for its code.
 */
export function createComposer(common: Common): (own: Own) => ComposedMessage {
  const kept = new Map<string, ComposedMessage>();
  return ({ code, ...own }) => {
    const { action, show = [], report, locale, minutes } = own;
    const isOwn = action !== undefined || show.length > 0 || report !== undefined;
    // A voice reads a code out by its characters.
    if (isOwn || common.channel === "voice") return composeMessage({ ...common, ...own, code });
    const key = `${wholeMinutes(minutes)} ${locale}`;
    let message = kept.get(key);
    if (!message) {
      message = composeMessage({ ...common, ...own, code: PLACE });
      if (kept.size < MAX_KEPT) kept.set(key, message);
    }
    return withCode(message, code);
  };
}

function withCode(message: ComposedMessage, code: string): ComposedMessage {
  const filled = (text: string): string => text.replaceAll(PLACE, () => code);
  const { text, html, ...others } = message;
  return { text: filled(text), ...(html === undefined ? {} : { html: filled(html) }), ...others };
}
