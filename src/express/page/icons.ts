import { html, raw, type Html } from "./html.js";
import type { MethodName } from "../../methods/method.js";

export type IconName = MethodName | "check" | "clock" | "alert" | "lock" | "question" | "stop";

/** Outlines on a grid of 24, drawn for this page. */
const OUTLINES: Readonly<Record<IconName, string>> = {
  totp: '<rect x="6" y="2.5" width="12" height="19" rx="2.5"/><path d="M9.5 9h5M9.5 12.5h5M11 18h2"/>',
  sms: '<path d="M4 5.5h16v11h-8.5L7 20v-3.5H4z"/><path d="M8.5 11h.01M12 11h.01M15.5 11h.01"/>',
  voice:
    '<path d="M7 3.5h2.5L11 8 9 9.7a12 12 0 0 0 5.3 5.3L16 13l4.5 1.5V17a3 3 0 0 1-3 3A13.5 13.5 0 0 1 4 6.5a3 3 0 0 1 3-3z"/>',
  email: '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m3.5 7 8.5 6 8.5-6"/>',
  "recovery-code":
    '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="3.5"/><path d="m5.7 5.7 3.8 3.8m5 5 3.8 3.8m0-12.6-3.8 3.8m-5 5-3.8 3.8"/>',
  passkey: '<circle cx="8" cy="12" r="4.5"/><path d="M12.5 12H21v3.5M17 12v2.5"/>',
  check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  clock: '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>',
  alert: '<path d="M12 3.5 2.5 20h19z"/><path d="M12 10v4.5M12 17.3v.01"/>',
  lock: '<rect x="4.5" y="10.5" width="15" height="10.5" rx="2.5"/><path d="M8 10.5V7a4 4 0 0 1 8 0v3.5"/>',
  stop: '<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>',
  question: '<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.8M12 16.8v.01"/>',
};

/** Decoration: whatever it shows is also said in words beside it. */
export function icon(name: IconName): Html {
  const outline = Object.hasOwn(OUTLINES, name) ? OUTLINES[name] : OUTLINES.lock;
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${raw(outline)}</svg>`;
}
