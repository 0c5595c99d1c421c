import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Usi la Sua passkey",
  make: "Crea una passkey",
  making:
    "Il Suo dispositivo Le chiede l’impronta, il volto o un PIN. Da quel momento può confermare la Sua identità, soltanto su questo sito.",
  refused:
    "L’operazione è stata annullata o ha richiesto troppo tempo, oppure qui non c’è una passkey per questo sito. Riprovi o scelga un altro modo.",
  notMade:
    "Non è stata creata alcuna passkey: l’operazione è stata annullata o ha richiesto troppo tempo. Può riprovare.",
  known: "Su questo dispositivo ha già una passkey.",
  unsupported: "Questo browser non supporta le passkey. Scelga un altro modo.",
  noScript:
    "Le passkey hanno bisogno di JavaScript, che in questo browser è disattivato. Gli altri modi funzionano anche senza.",
  wrong: ["La passkey non è stata accettata", "Riprovi o scelga un altro modo."],
  synced: "Sincronizzata tra i Suoi dispositivi",
  single: "Su un solo dispositivo",
};
