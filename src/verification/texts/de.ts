import type { MessageTexts } from "./shape.js";

export const de: MessageTexts = {
  code: { named: "{code} ist Ihr Code für {service}.", plain: "{code} ist Ihr Bestätigungscode." },
  spoken: { named: "Ihr Code für {service} lautet: {code}.", plain: "Ihr Bestätigungscode lautet: {code}." },
  again: "Noch einmal: {code}.",
  subject: { named: "Ihr Bestätigungscode für {service}", plain: "Ihr Bestätigungscode" },
  approves: "Damit geben Sie frei: {what}.",
  minutes: { one: "Er ist 1 Minute gültig.", other: "Er ist {minutes} Minuten gültig." },
  secret: "Geben Sie ihn an niemanden weiter.",
  alarm: "Wenn Sie diesen Code nicht angefordert haben, kennt vielleicht jemand Ihr Passwort: Bitte ändern Sie es.",
  report: "Das war ich nicht",
};
