import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Usar su llave de acceso",
  make: "Crear una llave de acceso",
  making:
    "Su dispositivo le pedirá la huella, el rostro o un PIN. A partir de entonces podrá confirmar que es usted, solo en este sitio.",
  refused:
    "La operación se canceló o tardó demasiado, o aquí no hay ninguna llave de acceso para este sitio. Inténtelo de nuevo o elija otra forma.",
  notMade:
    "No se ha creado ninguna llave de acceso: la operación se canceló o tardó demasiado. Puede intentarlo de nuevo.",
  known: "Ya tiene una llave de acceso en este dispositivo.",
  unsupported: "Este navegador no admite llaves de acceso. Elija otra forma.",
  noScript:
    "Las llaves de acceso necesitan JavaScript, que está desactivado en este navegador. Las demás formas funcionan sin él.",
  wrong: ["La llave de acceso no se ha aceptado", "Inténtelo de nuevo o elija otra forma."],
  synced: "Sincronizada entre sus dispositivos",
  single: "En un solo dispositivo",
};
