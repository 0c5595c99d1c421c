import { email, outbox, sms, smtp, type MethodFactory } from "require2fa";
import type { Settings } from "./settings.js";

export type Outbox = ReturnType<typeof outbox>;

/** How codes reach people. */
export interface Messages {
  readonly methods: readonly MethodFactory[];
  /** Where they can be read, if they reach nobody. */
  readonly outbox?: Outbox;
}

/**
 * Messages go to an outbox that anybody can read, so `outbox()` throws in production; there, only e-mail by SMTP is left.
 * A carrier for text messages would be chosen here as well.
 */
export function messagesBy({ smtp: server, production }: Settings): Messages {
  const mail = server && smtp(server);
  if (mail && production) return { methods: [email(mail)] };
  const box = outbox();
  return { methods: [sms(box), email(mail ?? box)], outbox: box };
}
