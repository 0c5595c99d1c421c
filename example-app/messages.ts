import { email, outbox, sms, smtp, type MethodFactory } from "require2fa";
import type { Settings } from "./settings.js";

export type Outbox = ReturnType<typeof outbox>;

/** How codes reach people. */
export interface Messages {
  readonly methods: readonly MethodFactory[];
  /** Where they can be read, if they reach nobody. */
  readonly outbox?: Outbox;
}

/** Text messages may go to numbers of these countries: an open list is paid for by whoever runs it. */
const COUNTRIES = ["SE", "GB", "DE", "FR", "ES"];

/**
 * Messages go to an outbox that anybody can read, so `outbox()` throws in production; there, what the environment names
 * is left: text messages by a vendor, e-mail by SMTP.
 */
export function messagesBy({ smtp: server, carriers, production }: Settings): Messages {
  const texts = carriers.length > 0 ? [sms(carriers, { countries: COUNTRIES })] : [];
  const mail = server && smtp(server);
  if (production && (mail || texts.length > 0)) return { methods: [...texts, ...(mail ? [email(mail)] : [])] };
  const box = outbox();
  return { methods: [...(texts.length > 0 ? texts : [sms(box)]), email(mail ?? box)], outbox: box };
}
