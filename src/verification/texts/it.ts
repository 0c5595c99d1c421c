import type { MessageTexts } from "./shape.js";

export const it: MessageTexts = {
  code: { named: "{code} è il Suo codice {service}.", plain: "{code} è il Suo codice di verifica." },
  spoken: { named: "Il Suo codice {service} è: {code}.", plain: "Il Suo codice di verifica è: {code}." },
  again: "Ripetiamo: {code}.",
  subject: { named: "Il Suo codice di verifica {service}", plain: "Il Suo codice di verifica" },
  approves: "Con questo codice autorizza: {what}.",
  minutes: { one: "Scade tra 1 minuto.", other: "Scade tra {minutes} minuti." },
  secret: "Non lo comunichi a nessuno.",
  alarm: "Se non ha richiesto questo codice, qualcuno potrebbe conoscere la Sua password: la cambi subito.",
  report: "Non sono stato io",
};
