import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Uw passkey gebruiken",
  make: "Een passkey maken",
  making:
    "Uw apparaat vraagt om uw vingerafdruk, uw gezicht of een pincode. Daarna kan het bevestigen dat u het bent, alleen op deze site.",
  refused:
    "Het is geannuleerd of duurde te lang, of er is hier geen passkey voor deze site. Probeer het opnieuw of kies een andere manier.",
  notMade: "Er is geen passkey gemaakt: het is geannuleerd of duurde te lang. U kunt het opnieuw proberen.",
  known: "U hebt al een passkey op dit apparaat.",
  unsupported: "Deze browser ondersteunt geen passkeys. Kies een andere manier.",
  noScript: "Passkeys hebben JavaScript nodig, en dat staat in deze browser uit. De andere manieren werken ook zonder.",
  wrong: ["De passkey is niet geaccepteerd", "Probeer het nog een keer of kies een andere manier."],
  synced: "Gesynchroniseerd tussen uw apparaten",
  single: "Alleen op één apparaat",
};
