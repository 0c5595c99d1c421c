import { factors } from "./factors/de.js";
import { passkey } from "./passkey/de.js";
import type { PageTexts } from "./shape.js";

export const de: PageTexts = {
  heading: {
    confirm: "Bestätigen Sie Ihre Identität",
    approve: "Bestätigen Sie diesen Auftrag",
    done: "Bestätigt",
    canceled: "Abgebrochen",
    nothing: "Nichts zu bestätigen",
  },
  explain: {
    done: "Vielen Dank. Sie können jetzt weitermachen.",
    canceled: "Es wurde nichts freigegeben. Sie können jederzeit neu beginnen.",
    nothing: "Es gibt keine offene Anfrage. Gehen Sie zurück und versuchen Sie es noch einmal.",
  },
  approving: "Sie geben frei",
  method: {
    totp: "Authenticator-App",
    sms: "SMS",
    voice: "Anruf",
    email: "E-Mail",
    "recovery-code": "Wiederherstellungscode",
    passkey: "Passkey",
  },
  prompt: {
    totp: "Geben Sie den Code ein, den Ihre Authenticator-App gerade anzeigt.",
    "recovery-code": "Geben Sie einen Ihrer gespeicherten Wiederherstellungscodes ein. Jeder gilt nur einmal.",
    passkey: "Bestätigen Sie mit Ihrem Passkey.",
  },
  sending: {
    sms: ["Wir senden eine SMS mit einem Code an {to}.", "Wir senden Ihnen eine SMS mit einem Code."],
    voice: ["Wir rufen {to} an und sagen Ihnen einen Code an.", "Wir rufen Sie an und sagen Ihnen einen Code an."],
    email: ["Wir senden eine E-Mail mit einem Code an {to}.", "Wir senden Ihnen eine E-Mail mit einem Code."],
  },
  sent: {
    sms: ["Wir haben eine SMS mit einem Code an {to} gesendet.", "Wir haben Ihnen eine SMS mit einem Code gesendet."],
    voice: [
      "Wir haben {to} angerufen, um Ihnen einen Code anzusagen.",
      "Wir haben Sie angerufen, um Ihnen einen Code anzusagen.",
    ],
    email: [
      "Wir haben eine E-Mail mit einem Code an {to} gesendet.",
      "Wir haben Ihnen eine E-Mail mit einem Code gesendet.",
    ],
  },
  code: "Code",
  codeWithDigits: { other: "{count}-stelliger Code" },
  recoveryCode: "Wiederherstellungscode",
  attempts: { one: "Noch {count} Versuch", other: "Noch {count} Versuche" },
  validUntil: "Gültig bis {time}",
  sentAgain: "Der Code ist noch einmal unterwegs.",
  neverShare: "Geben Sie einen Code niemals weiter, auch nicht an uns.",
  anotherWay: "Anders bestätigen",
  button: {
    confirm: "Bestätigen",
    approve: "Freigeben",
    resend: "Code erneut senden",
    call: "Erneut anrufen",
    cancel: "Abbrechen",
    restart: "Neu beginnen",
    back: "Zurück",
    continue: "Weiter",
    retry: "Erneut versuchen",
    login: "Anmelden",
  },
  resendIn: "Code erneut senden in {time}",
  callIn: "Erneut anrufen in {time}",
  later: "später",
  problem: {
    second_factor_required: ["Bestätigung nötig", "Bestätigen Sie Ihre Identität, um fortzufahren."],
    first_factor_required: ["Sie sind nicht angemeldet", "Melden Sie sich an und versuchen Sie es dann noch einmal."],
    not_enrolled: [
      "Kein zweiter Faktor eingerichtet",
      "Hierfür braucht es neben dem Passwort einen zweiten Faktor, und in Ihrem Konto ist keiner " +
        "hinterlegt, der hier gilt. Wenden Sie sich an den Support.",
    ],
    method_not_allowed: [
      "Hier nicht möglich",
      "So lässt sich das hier nicht bestätigen. Wählen Sie einen anderen Weg.",
    ],
    origin_refused: [
      "Anfrage abgelehnt",
      "Sie kommt offenbar von einer anderen Website. Öffnen Sie diese Seite neu und versuchen Sie es noch einmal.",
    ],
    invalid_request: ["Es fehlt etwas", "Prüfen Sie Ihre Eingabe und versuchen Sie es noch einmal."],
    wrong_code: ["Falscher Code", "Prüfen Sie den Code und geben Sie ihn noch einmal ein."],
    challenge_not_found: [
      "Nichts zu bestätigen",
      "Diese Anfrage ist nicht mehr offen. Gehen Sie zurück und versuchen Sie es noch einmal.",
    ],
    challenge_expired: [
      "Der Code ist abgelaufen",
      "Es hat zu lange gedauert. Beginnen Sie neu, um einen neuen Code zu erhalten.",
    ],
    challenge_used: ["Bereits bestätigt", "Dieser Code wurde schon verwendet, und jeder Code gilt nur einmal."],
    challenge_spent: [
      "Zu viele falsche Codes",
      "Für diesen Code sind keine Versuche mehr übrig. Beginnen Sie neu, um einen neuen zu erhalten.",
    ],
    account_locked: [
      "Bestätigen ist gesperrt",
      "Es wurden zu viele falsche Codes eingegeben. Zum Schutz Ihres Kontos können Sie es {wait} wieder versuchen.",
    ],
    limit_exceeded: [
      "Zu viele Nachrichten",
      "In kurzer Zeit wurden viele Codes gesendet. Einen weiteren können Sie {wait} anfordern.",
    ],
    delivery_failed: [
      "Der Code konnte nicht gesendet werden",
      "Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.",
    ],
    unavailable: [
      "Zurzeit nicht verfügbar",
      "Der Fehler liegt bei uns, nicht bei Ihnen. Versuchen Sie es {wait} noch einmal.",
    ],
    misconfigured: [
      "Zurzeit nicht verfügbar",
      "Auf unserer Seite ist etwas falsch eingestellt. Wenden Sie sich an den Support.",
    ],
  },
  factors,
  passkey,
  devices: {
    title: "Vertrauenswürdige Geräte",
    lead: "In diesen Browsern werden Sie nicht jedes Mal nach dem zweiten Schritt gefragt. Entfernen Sie, was Sie nicht mehr benutzen.",
    none: "Es ist kein Gerät eingetragen.",
    unnamed: "Unbekanntes Gerät",
    until: "Gilt bis {date}",
    removeAll: "Alle Geräte entfernen",
    trust: "Diesem Gerät vertrauen",
    hint: "Nur auf einem eigenen Gerät ankreuzen.",
  },
  report: {
    title: "Waren Sie das nicht?",
    lead: "Jemand hat in Ihrem Namen einen Code angefordert. Bestätigen Sie, dass Sie es nicht waren: Der Vorgang endet, und Ihr Konto verlangt überall eine neue Bestätigung.",
    confirm: "Das war ich nicht",
    done: "Vielen Dank. Der Vorgang wurde gestoppt. Ändern Sie jetzt Ihr Passwort: Jemand könnte es kennen.",
    invalid:
      "Dieser Link gilt nicht mehr. Wenn Sie einen Code erhalten haben, den Sie nicht angefordert haben, ändern Sie Ihr Passwort.",
  },
};
