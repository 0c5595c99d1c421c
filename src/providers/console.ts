import { maker } from "../core/called.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys } from "../core/options.js";
import { pattern } from "../core/pattern.js";
import { developmentOnly } from "./development.js";
import type { DeliveryProvider, Message } from "./provider.js";

export interface ConsoleOptions {
  /** Where the frame goes, in one call for each message. Default: standard output. */
  readonly write?: (text: string) => void;
}

/**
 * Prints every message to the terminal, so that a developer can go on without a carrier.
 *
 * @throws TwoFactorError `misconfigured` when `NODE_ENV` is `production`, here and again at every send.
 */
export function consoleProvider(options: ConsoleOptions = {}): DeliveryProvider {
  developmentOnly("consoleProvider()");
  checkKeys(options, { write: true }, "consoleProvider()");
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  if (typeof write !== "function") throw misconfigured("consoleProvider({ write }) takes a function of one string.");
  return {
    name: "console",
    send(message) {
      developmentOnly("consoleProvider()");
      write(frame(message));
    },
  };
}
maker(consoleProvider, "consoleProvider");

const NAMES = { sms: "SMS", voice: "Call", email: "E-mail" } as const;

function frame(message: Message): string {
  const body = message.subject === undefined ? message.text : `${message.subject}\n\n${message.text}`;
  const lines = body.split(/\r\n|\r|\n/).map((line) => `│ ${printable(line)}`);
  const head = `┌─ ${NAMES[message.channel]} to ${printable(message.to)}`;
  return ["", head, ...lines, `└─ until ${message.expiresAt.toISOString()}`, ""].join("\n");
}

const CONTROL = pattern(String.raw`\p{Cc}`, "gu");

/** A message must not move the cursor or set the window's title. */
function printable(line: string): string {
  return line.replace(CONTROL(), " ");
}
