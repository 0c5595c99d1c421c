import type { MessageTexts } from "./shape.js";

/** An SMS without a letter that the GSM alphabet lacks: one of them triples its price. Hence seconds for a minute. */
export const pl: MessageTexts = {
  code: { named: "{code} to kod do {service}.", plain: "{code} to kod weryfikacyjny." },
  spoken: { named: "Twój kod do {service} to: {code}.", plain: "Twój kod weryfikacyjny to: {code}." },
  again: "Powtarzam: {code}.",
  subject: { named: "Twój kod weryfikacyjny do {service}", plain: "Twój kod weryfikacyjny" },
  approves: "Do zatwierdzenia: {what}.",
  minutes: {
    one: "Wygasa za 60 sekund.",
    few: "Wygasa za {minutes} minuty.",
    many: "Wygasa za {minutes} minut.",
    other: "Wygasa za {minutes} minuty.",
  },
  secret: "Nie podawaj go nikomu.",
  alarm: "Jeśli to nie Ty prosisz o ten kod, ktoś może znać Twoje hasło: zmień je.",
  report: "To nie ja",
};
