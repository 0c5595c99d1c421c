import type { MessageTexts } from "./shape.js";

/**
 * Words that Portugal and Brazil share. "Chave" rather than "código": one accent outside the GSM alphabet triples the
 * price of an SMS.
 */
export const pt: MessageTexts = {
  code: { named: "{code} é a sua chave para {service}.", plain: "{code} é a sua chave para confirmar." },
  spoken: { named: "A sua chave para {service} é: {code}.", plain: "A sua chave para confirmar é: {code}." },
  again: "Mais uma vez: {code}.",
  subject: { named: "A sua chave de confirmação para {service}", plain: "A sua chave de confirmação" },
  approves: "Para autorizar: {what}.",
  minutes: { one: "Expira em 1 minuto.", other: "Expira em {minutes} minutos." },
  secret: "Nunca a revele a ninguém.",
  alarm: "Se não pediu esta chave, alguém pode conhecer a sua senha: altere-a.",
  report: "Não fui eu",
};
