import type { PasskeyTexts } from "../shape.js";

export const passkey: PasskeyTexts = {
  use: "Use your passkey",
  make: "Create a passkey",
  making:
    "Your device asks for your fingerprint, your face or a PIN. From then on it can confirm that it’s you, on this site alone.",
  refused:
    "That was canceled or took too long, or there is no passkey for this site here. Try again, or choose another way.",
  notMade: "No passkey was created: that was canceled or took too long. You can try it again.",
  known: "You already have a passkey on this device.",
  unsupported: "This browser does not support passkeys. Choose another way.",
  noScript: "Passkeys need JavaScript, which is turned off in this browser. The other ways work without it.",
  wrong: ["The passkey was not accepted", "Try it once more, or choose another way."],
  synced: "Synced between your devices",
  single: "On one device only",
};
