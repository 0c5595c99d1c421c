import type { Pending } from "../stores/pending.js";

/** What the newest message of a verification is called outside: its receipts name it by this, and by nothing secret. */
export function messageId({ id, events }: Pick<Pending, "id" | "events">): string {
  return `${id}:${events.length}`;
}

/** Which verification a message was for, and which of its events it is; nothing for what is no such name. */
export function readMessageId(name: string): { id: string; index: number } | undefined {
  const [, id, place] = /^(.{1,256}):([1-9]\d{0,3})$/.exec(name) ?? [];
  return id === undefined ? undefined : { id, index: Number(place) - 1 };
}
