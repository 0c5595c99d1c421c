import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Passkey verwenden",
  make: "Passkey erstellen",
  making:
    "Ihr Gerät fragt nach Fingerabdruck, Gesicht oder PIN. Danach kann es bestätigen, dass Sie es sind, und zwar nur auf dieser Website.",
  refused:
    "Der Vorgang wurde abgebrochen oder hat zu lange gedauert, oder hier gibt es keinen Passkey für diese Website. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.",
  notMade:
    "Es wurde kein Passkey erstellt: Der Vorgang wurde abgebrochen oder hat zu lange gedauert. Sie können es noch einmal versuchen.",
  known: "Auf diesem Gerät haben Sie schon einen Passkey.",
  unsupported: "Dieser Browser unterstützt keine Passkeys. Wählen Sie einen anderen Weg.",
  noScript:
    "Passkeys brauchen JavaScript, und das ist in diesem Browser ausgeschaltet. Die anderen Wege funktionieren auch ohne.",
  wrong: ["Der Passkey wurde nicht angenommen", "Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg."],
  synced: "Auf Ihren Geräten synchronisiert",
  single: "Nur auf einem Gerät",
};
