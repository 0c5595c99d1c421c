import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Użyj klucza dostępu",
  make: "Utwórz klucz dostępu",
  making:
    "Urządzenie poprosi o odcisk palca, twarz lub kod PIN. Od tej chwili będzie mogło potwierdzać Twoją tożsamość, ale tylko w tym serwisie.",
  refused:
    "Operacja została anulowana lub trwała zbyt długo albo nie ma tu klucza dostępu do tego serwisu. Spróbuj ponownie lub wybierz inny sposób.",
  notMade: "Klucz dostępu nie powstał: operacja została anulowana lub trwała zbyt długo. Możesz spróbować ponownie.",
  known: "Na tym urządzeniu masz już klucz dostępu.",
  unsupported: "Ta przeglądarka nie obsługuje kluczy dostępu. Wybierz inny sposób.",
  noScript:
    "Klucze dostępu wymagają JavaScriptu, który jest w tej przeglądarce wyłączony. Inne sposoby działają bez niego.",
  wrong: ["Klucz dostępu nie został przyjęty", "Spróbuj jeszcze raz lub wybierz inny sposób."],
  synced: "Synchronizowany między urządzeniami",
  single: "Tylko na jednym urządzeniu",
};
