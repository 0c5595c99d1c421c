import { createHash, randomBytes } from "node:crypto";
import { invalid } from "../../../verification/prepare.js";
import type { Verification } from "../../../verification/request.js";

type Channel = "sms" | "voice" | "email";

/** What kind of thing an id names: request, check, event, limit, workflow, message, call, e-mail. */
type Prefix = "OTP" | "OTC" | "OTE" | "LM" | "WF" | "SM" | "CA" | "EM";

/** A new id: its prefix and 128 random bits as 32 lower hex digits. */
export function newSid(prefix: Prefix): string {
  return prefix + randomBytes(16).toString("hex");
}

/** The id under which Mitto's clients see something that the engine names its own way; always the same one. */
export function sidOf(prefix: Prefix, id: string): string {
  return prefix + createHash("sha256").update(`${prefix}:${id}`).digest("hex").slice(0, 32);
}

/** What a message of this channel is called by: a short message, a call, an e-mail. */
export const MESSAGE_PREFIX: Readonly<Record<string, Prefix>> = { sms: "SM", voice: "CA", email: "EM" };

/** Calls have three names on the wire, and workflows use another one than usage does. */
const CHANNELS: Readonly<Record<string, Channel>> = {
  sms: "sms",
  call: "voice",
  voice: "voice",
  tts: "voice",
  email: "email",
};

/** The word of usage and events for our channel. */
export const CHANNEL_WORD: Readonly<Record<string, string>> = { sms: "sms", voice: "call", email: "email" };

/** @throws TwoFactorError `invalid_request` for anything that is no channel. */
export function readChannel(word: string): Channel {
  const known = word.trim().toLowerCase();
  const channel = Object.hasOwn(CHANNELS, known) ? CHANNELS[known] : undefined;
  if (!channel) throw invalid('"channel" is one of sms, call and email.');
  return channel;
}

/** The status of a session detail record for ours. One that reached nobody has failed; its events say how. */
export const STATUS_WORD: Readonly<Record<Verification["status"], string>> = {
  pending: "pending",
  verified: "success",
  failed: "failed",
  expired: "expired",
  canceled: "canceled",
  undeliverable: "failed",
};

/**
 * Our statuses for one of a record.
 *
 * @throws TwoFactorError `invalid_request` for a word that is no status.
 */
export function readStatus(word: string): readonly Verification["status"][] {
  const known = word.trim().toLowerCase().replace("cancelled", "canceled");
  const statuses = Object.keys(STATUS_WORD) as Verification["status"][];
  const meant = statuses.filter((status) => STATUS_WORD[status] === known);
  if (meant.length === 0) throw invalid('"status" is one of success, pending, expired, canceled and failed.');
  return meant;
}

/** `2019-08-20 10:28:08`, UTC. */
export function dateTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

const DAY = 24 * 3_600_000;

/**
 * A day as usage and searches name it: `2020-01-31`, or so many days from today, `-30days`.
 *
 * @throws TwoFactorError `invalid_request` for anything else.
 */
export function readDay(text: string, now: number): string {
  const word = text.trim();
  const days = /^([+-]\d{1,4}) ?days?$/i.exec(word)?.[1];
  if (days !== undefined) return dayOf(now + Number(days) * DAY);
  const at = /^[12]\d{3}-\d\d-\d\d$/.test(word) ? Date.parse(`${word}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at) || dayOf(at) !== word) throw invalid("A date is written YYYY-MM-DD.");
  return word;
}

export function startOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** The first instant after a day. */
export function endOf(day: string): Date {
  return new Date(startOf(day).getTime() + DAY);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Numbers go without their plus sign in everything that Mitto answers. */
export function bareNumber(value: string | undefined): string | null {
  return value === undefined ? null : value.replace(/^\+(?=\d+$)/, "");
}
