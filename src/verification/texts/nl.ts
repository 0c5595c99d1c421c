import type { MessageTexts } from "./shape.js";

export const nl: MessageTexts = {
  code: { named: "{code} is uw code voor {service}.", plain: "{code} is uw verificatiecode." },
  spoken: { named: "Uw code voor {service} is: {code}.", plain: "Uw verificatiecode is: {code}." },
  again: "Nog een keer: {code}.",
  subject: { named: "Uw verificatiecode voor {service}", plain: "Uw verificatiecode" },
  approves: "Hiermee keurt u goed: {what}.",
  minutes: { one: "De code is 1 minuut geldig.", other: "De code is {minutes} minuten geldig." },
  secret: "Deel de code met niemand.",
  alarm: "Als u deze code niet hebt aangevraagd, kent iemand misschien uw wachtwoord: wijzig het.",
  report: "Ik was het niet",
};
