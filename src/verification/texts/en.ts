import type { MessageTexts } from "./shape.js";

export const en: MessageTexts = {
  code: { named: "{code} is your {service} code.", plain: "{code} is your verification code." },
  spoken: { named: "Your {service} code is: {code}.", plain: "Your verification code is: {code}." },
  again: "Once more: {code}.",
  subject: { named: "Your {service} verification code", plain: "Your verification code" },
  approves: "It approves: {what}.",
  minutes: { one: "It is valid for 1 minute.", other: "It is valid for {minutes} minutes." },
  secret: "Do not share it with anyone.",
  alarm: "If you did not ask for this code, somebody may know your password: change it.",
  report: "This was not me",
};
