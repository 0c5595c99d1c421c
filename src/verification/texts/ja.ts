import type { MessageTexts } from "./shape.js";

export const ja: MessageTexts = {
  code: { named: "{code} は{service}の認証コードです。", plain: "{code} は認証コードです。" },
  spoken: { named: "{service}の認証コードは、{code}です。", plain: "認証コードは、{code}です。" },
  again: "もう一度お伝えします。{code}です。",
  subject: { named: "{service}の認証コード", plain: "認証コード" },
  approves: "承認する内容: {what}。",
  minutes: { other: "有効期間は{minutes}分です。" },
  secret: "誰にも教えないでください。",
  alarm:
    "このコードに心当たりがない場合は、パスワードを他人に知られているおそれがあります。パスワードを変更してください。",
  report: "私ではありません",
};
