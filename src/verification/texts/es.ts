import type { MessageTexts } from "./shape.js";

/** "Clave" rather than the equally good "código": one accent outside the GSM alphabet triples the price of an SMS. */
export const es: MessageTexts = {
  code: { named: "{code} es su clave de {service}.", plain: "{code} es su clave de un solo uso." },
  spoken: { named: "Su clave de {service} es: {code}.", plain: "Su clave de un solo uso es: {code}." },
  again: "Repetimos: {code}.",
  subject: { named: "Su clave de verificación de {service}", plain: "Su clave de verificación" },
  approves: "Con ella autoriza: {what}.",
  minutes: { one: "Caduca en 1 minuto.", other: "Caduca en {minutes} minutos." },
  secret: "No la comparta con nadie.",
  alarm: "Si no ha solicitado esta clave, es posible que alguien conozca su contraseña: cámbiela cuanto antes.",
  report: "No he sido yo",
};
