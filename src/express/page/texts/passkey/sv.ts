import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Använd din lösennyckel",
  make: "Skapa en lösennyckel",
  making:
    "Enheten ber om ditt fingeravtryck, ditt ansikte eller en PIN-kod. Sedan kan den bekräfta att det är du, och bara på den här webbplatsen.",
  refused:
    "Det avbröts eller tog för lång tid, eller så finns det ingen lösennyckel till webbplatsen här. Försök igen eller välj ett annat sätt.",
  notMade: "Ingen lösennyckel skapades: det avbröts eller tog för lång tid. Du kan försöka igen.",
  known: "Du har redan en lösennyckel på den här enheten.",
  unsupported: "Webbläsaren stöder inte lösennycklar. Välj ett annat sätt.",
  noScript: "Lösennycklar behöver JavaScript, som är avstängt i webbläsaren. De andra sätten fungerar utan.",
  wrong: ["Lösennyckeln godtogs inte", "Försök en gång till eller välj ett annat sätt."],
  synced: "Synkas mellan dina enheter",
  single: "Bara på en enhet",
};
