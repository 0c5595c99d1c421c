import type { MessageTexts } from "./shape.js";

export const el: MessageTexts = {
  code: { named: "{code} είναι ο κωδικός σας για {service}.", plain: "{code} είναι ο κωδικός επιβεβαίωσής σας." },
  spoken: { named: "Ο κωδικός σας για {service} είναι: {code}.", plain: "Ο κωδικός επιβεβαίωσής σας είναι: {code}." },
  again: "Επαναλαμβάνουμε: {code}.",
  subject: { named: "Ο κωδικός επιβεβαίωσής σας για {service}", plain: "Ο κωδικός επιβεβαίωσής σας" },
  approves: "Προς έγκριση: {what}.",
  minutes: { one: "Ισχύει 1 λεπτό.", other: "Ισχύει {minutes} λεπτά." },
  secret: "Μην τον μοιραστείτε.",
  alarm:
    "Αν δεν ζητήσατε εσείς αυτόν τον κωδικό, ίσως κάποιος γνωρίζει τον κωδικό πρόσβασής σας στον λογαριασμό: αλλάξτε τον.",
  report: "Δεν ήμουν εγώ",
};
