import type { MessageTexts } from "./shape.js";

export const fr: MessageTexts = {
  code: { named: "{code} est votre code {service}.", plain: "{code} est votre code de vérification." },
  spoken: { named: "Votre code {service} est : {code}.", plain: "Votre code de vérification est : {code}." },
  again: "Je répète : {code}.",
  subject: { named: "Votre code de vérification {service}", plain: "Votre code de vérification" },
  approves: "Il sert à autoriser : {what}.",
  minutes: { one: "Il est valable 1 minute.", other: "Il est valable {minutes} minutes." },
  secret: "Ne le communiquez à personne.",
  alarm:
    "Si vous n'avez pas demandé ce code, quelqu'un connaît peut-être votre mot de passe : changez-le sans attendre.",
  report: "Ce n’était pas moi",
};
