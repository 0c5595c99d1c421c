import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Utiliser votre clé d’accès",
  make: "Créer une clé d’accès",
  making:
    "Votre appareil vous demande votre empreinte, votre visage ou un code PIN. Ensuite, il peut confirmer que c’est bien vous, sur ce site uniquement.",
  refused:
    "L’opération a été annulée ou a duré trop longtemps, ou il n’y a pas ici de clé d’accès pour ce site. Réessayez ou choisissez une autre méthode.",
  notMade:
    "Aucune clé d’accès n’a été créée : l’opération a été annulée ou a duré trop longtemps. Vous pouvez réessayer.",
  known: "Vous avez déjà une clé d’accès sur cet appareil.",
  unsupported: "Ce navigateur ne prend pas en charge les clés d’accès. Choisissez une autre méthode.",
  noScript:
    "Les clés d’accès ont besoin de JavaScript, qui est désactivé dans ce navigateur. Les autres méthodes fonctionnent sans.",
  wrong: ["La clé d’accès n’a pas été acceptée", "Réessayez ou choisissez une autre méthode."],
  synced: "Synchronisée entre vos appareils",
  single: "Sur un seul appareil",
};
