import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Usar a sua chave de acesso",
  make: "Criar uma chave de acesso",
  making:
    "O seu dispositivo pede a sua impressão digital, o seu rosto ou um PIN. A partir daí pode confirmar a sua identidade, apenas neste site.",
  refused:
    "A operação foi cancelada ou demorou demasiado, ou não há aqui uma chave de acesso para este site. Tente de novo ou escolha outra forma.",
  notMade: "Nenhuma chave de acesso foi criada: a operação foi cancelada ou demorou demasiado. Pode tentar de novo.",
  known: "Já tem uma chave de acesso neste dispositivo.",
  unsupported: "Este navegador não suporta chaves de acesso. Escolha outra forma.",
  noScript:
    "As chaves de acesso precisam de JavaScript, que está desativado neste navegador. As outras formas funcionam sem ele.",
  wrong: ["A chave de acesso não foi aceite", "Tente mais uma vez ou escolha outra forma."],
  synced: "Sincronizada entre os seus dispositivos",
  single: "Num único dispositivo",
};
