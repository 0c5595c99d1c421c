import type { MessageTexts } from "./shape.js";

export const ar: MessageTexts = {
  code: { named: "{code} هو رمزك في {service}.", plain: "{code} هو رمز التحقق الخاص بك." },
  spoken: { named: "رمزك في {service} هو: {code}.", plain: "رمز التحقق الخاص بك هو: {code}." },
  again: "مرة أخرى: {code}.",
  subject: { named: "رمز التحقق الخاص بك في {service}", plain: "رمز التحقق الخاص بك" },
  approves: "للموافقة على: {what}.",
  minutes: {
    zero: "صالح لأقل من دقيقة.",
    one: "صالح لمدة دقيقة واحدة.",
    two: "صالح لمدة دقيقتين.",
    few: "صالح لمدة {minutes} دقائق.",
    many: "صالح لمدة {minutes} دقيقة.",
    other: "صالح لمدة {minutes} دقيقة.",
  },
  secret: "لا تشاركه مع أحد.",
  alarm: "إذا لم تطلب هذا الرمز، فقد يعرف شخص ما كلمة مرورك: يرجى تغييرها.",
  report: "لم يكن هذا مني",
};
