import { maker } from "../core/called.js";
import { createHash } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { misconfigured } from "../core/errors.js";
import { pattern } from "../core/pattern.js";
import { type Mailbox, type SmtpOptions, type SmtpSettings, smtpSettings } from "./smtp-options.js";
import { DeliveryError, type DeliveryProvider, type Message, type Receipt } from "./provider.js";

/**
 * Sends e-mail over SMTP with nodemailer, which the app installs itself (10.5 or later).
 * One message, one recipient: plain text with an HTML alternative, marked as written by a machine.
 *
 * @throws TwoFactorError `misconfigured` for options that do not fit, and at the first send if nodemailer is missing.
 */
export function smtp(options: SmtpOptions): DeliveryProvider {
  const settings = smtpSettings(options);
  let transport: Promise<Transport> | undefined;
  return {
    name: settings.name,
    channels: ["email"],
    async send(message, { signal }) {
      const mail = compose(settings, message);
      transport ??= connectWith(settings);
      return await deliver(settings, await transport, mail, signal);
    },
  };
}
maker(smtp, "smtp");

/** The little of nodemailer that is used, so that nobody needs its types to compile against ours. */
interface Transport {
  use(step: "stream", plugin: (mail: Compiled, done: () => void) => void): unknown;
  sendMail(mail: Mail): Promise<{ readonly messageId?: unknown }>;
}

interface Compiled {
  readonly data: Mail;
  readonly message: { processFunc(step: (body: NodeJS.ReadableStream) => NodeJS.ReadableStream): void };
}

interface Mail extends Composed {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

interface Composed {
  readonly from: Mailbox;
  readonly replyTo?: Mailbox | undefined;
  readonly to: Mailbox;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether the body has begun to flow: from there on a lost connection may mean a delivered message. */
interface Progress {
  begun: boolean;
}

interface Nodemailer {
  createTransport(options: {
    readonly host: string;
    readonly port?: number | undefined;
    readonly secure: boolean;
    readonly requireTLS: boolean;
    readonly auth?: { readonly user: string; readonly pass: string } | undefined;
    readonly tls?: ConnectionOptions | undefined;
    readonly connectionTimeout: number;
    readonly greetingTimeout: number;
    readonly socketTimeout: number;
    readonly disableFileAccess: true;
    readonly disableUrlAccess: true;
  }): Transport;
}

/** A stuck server gives its socket back after this, in milliseconds, even if nobody set a deadline. */
const PATIENCE = 10_000;

async function connectWith({ host, port, secure, requireTls, auth, tls }: SmtpSettings): Promise<Transport> {
  const transport = (await loadNodemailer()).createTransport({
    host,
    port,
    secure,
    requireTLS: requireTls,
    auth,
    tls,
    connectionTimeout: PATIENCE,
    greetingTimeout: PATIENCE,
    socketTimeout: PATIENCE,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  transport.use("stream", (mail, done) => {
    mail.message.processFunc((body) => body.once("resume", () => void (mail.data.progress.begun = true)));
    done();
  });
  return transport;
}

async function loadNodemailer(): Promise<Nodemailer> {
  try {
    return (await import("nodemailer")) as unknown as Nodemailer;
  } catch {
    throw misconfigured("smtp() sends with nodemailer, which is not installed. Add it with: npm install nodemailer");
  }
}

/** One address and nothing that could end it, start another, or begin a new header line. */
const PLAIN_ADDRESS = pattern(String.raw`^[^\s\p{C}"(),:;<>@[\]\\]{1,64}@[^\s\p{C}"(),:;<>@[\]\\]{1,253}$`, "u");
const CONTROLS = pattern(String.raw`\p{Cc}+`, "gu");

function compose({ name, from, replyTo }: SmtpSettings, message: Message): Composed {
  if (message.channel !== "email" || !PLAIN_ADDRESS().test(message.to)) {
    const why = message.channel === "email" ? "was given something that is not one address" : "carries e-mail only";
    throw new DeliveryError(`${name} ${why}.`, { unsent: true, permanent: true });
  }
  return {
    from,
    replyTo,
    to: { name: "", address: message.to },
    envelope: { from: from.address, to: [message.to] },
    subject: (message.subject ?? "").replace(CONTROLS(), " ").slice(0, 200),
    text: message.text,
    html: message.html,
    messageId: `<${nameOf(message.idempotencyKey)}@${from.address.slice(from.address.lastIndexOf("@") + 1)}>`,
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

/** The same key gives the same Message-ID, so that a mailbox can tell a repeated message from a new one. */
function nameOf(idempotencyKey: string): string {
  return createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 40);
}

async function deliver(
  settings: SmtpSettings,
  transport: Transport,
  mail: Composed,
  signal: AbortSignal,
): Promise<Receipt> {
  const progress: Progress = { begun: false };
  try {
    const { messageId } = await transport.sendMail({ ...mail, signal, progress });
    return typeof messageId === "string" ? { reference: messageId } : {};
  } catch (error) {
    throw classify(settings, error, progress, signal);
  }
}

interface SmtpFault {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly responseCode?: unknown;
}

/** The server's own words are left out: they like to quote the recipient. */
function classify(
  { name, host, port }: SmtpSettings,
  error: unknown,
  progress: Progress,
  signal: AbortSignal,
): DeliveryError {
  const { code, command, responseCode } = (error ?? {}) as SmtpFault;
  const reply = typeof responseCode === "number" && responseCode >= 400 ? responseCode : undefined;
  const refused = reply !== undefined && command === "DATA";
  const facts = {
    unsent: !progress.begun || refused,
    permanent: (reply !== undefined && reply >= 500 && reply !== 503) || code === "EAUTH" || code === "ENOAUTH",
  };
  const server = port === undefined ? host : `${host}:${port}`;
  if (signal.aborted) return new DeliveryError(`${name} did not finish in time at ${server}.`, facts);
  const what = [reply ?? "no reply", typeof code === "string" ? code : "", typeof command === "string" ? command : ""];
  return new DeliveryError(
    `${name} failed at ${server} (${what.filter((part) => part !== "").join(", ")})${code === "EAUTH" ? ": check the credentials" : ""}.`,
    facts,
  );
}
