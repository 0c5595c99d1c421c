import type { MessageTexts } from "./shape.js";

export const sv: MessageTexts = {
  code: { named: "{code} är din kod för {service}.", plain: "{code} är din verifieringskod." },
  spoken: { named: "Din kod för {service} är: {code}.", plain: "Din verifieringskod är: {code}." },
  again: "En gång till: {code}.",
  subject: { named: "Din verifieringskod för {service}", plain: "Din verifieringskod" },
  approves: "Med den godkänner du: {what}.",
  minutes: { one: "Koden gäller i 1 minut.", other: "Koden gäller i {minutes} minuter." },
  secret: "Dela den inte med någon.",
  alarm: "Om du inte har bett om koden kan någon ha fått tag på ditt lösenord: byt det.",
  report: "Det var inte jag",
};
