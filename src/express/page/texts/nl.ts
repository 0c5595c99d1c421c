import { factors } from "./factors/nl.js";
import { passkey } from "./passkey/nl.js";
import type { PageTexts } from "./shape.js";

export const nl: PageTexts = {
  heading: {
    confirm: "Bevestig dat u het bent",
    approve: "Bevestig deze opdracht",
    done: "Bevestigd",
    canceled: "Geannuleerd",
    nothing: "Niets te bevestigen",
  },
  explain: {
    done: "Bedankt. U kunt nu verdergaan.",
    canceled: "Er is niets goedgekeurd. U kunt altijd opnieuw beginnen.",
    nothing: "Er staat geen verzoek open. Ga terug en probeer het nog eens.",
  },
  approving: "U keurt goed",
  method: {
    totp: "Authenticator-app",
    sms: "Sms",
    voice: "Telefoongesprek",
    email: "E-mail",
    "recovery-code": "Herstelcode",
    passkey: "Passkey",
  },
  prompt: {
    totp: "Voer de code in die uw authenticator-app nu toont.",
    "recovery-code": "Voer een van uw bewaarde herstelcodes in. Elke code werkt maar één keer.",
    passkey: "Bevestig met uw passkey.",
  },
  sending: {
    sms: ["We sturen een sms met een code naar {to}.", "We sturen u een sms met een code."],
    voice: ["We bellen {to} om u een code voor te lezen.", "We bellen u om een code voor te lezen."],
    email: ["We sturen een e-mail met een code naar {to}.", "We sturen u een e-mail met een code."],
  },
  sent: {
    sms: ["We hebben een sms met een code naar {to} gestuurd.", "We hebben u een sms met een code gestuurd."],
    voice: ["We hebben {to} gebeld om u een code voor te lezen.", "We hebben u gebeld om een code voor te lezen."],
    email: ["We hebben een e-mail met een code naar {to} gestuurd.", "We hebben u een e-mail met een code gestuurd."],
  },
  code: "Code",
  codeWithDigits: { other: "Code van {count} cijfers" },
  recoveryCode: "Herstelcode",
  attempts: { one: "Nog {count} poging", other: "Nog {count} pogingen" },
  validUntil: "Geldig tot {time}",
  sentAgain: "De code is opnieuw onderweg.",
  neverShare: "Deel een code nooit met iemand, ook niet met ons.",
  anotherWay: "Op een andere manier bevestigen",
  button: {
    confirm: "Bevestigen",
    approve: "Goedkeuren",
    resend: "Code opnieuw sturen",
    call: "Opnieuw bellen",
    cancel: "Annuleren",
    restart: "Opnieuw beginnen",
    back: "Terug",
    continue: "Doorgaan",
    retry: "Opnieuw proberen",
    login: "Inloggen",
  },
  resendIn: "Code opnieuw sturen over {time}",
  callIn: "Opnieuw bellen over {time}",
  later: "later",
  problem: {
    second_factor_required: ["Bevestiging nodig", "Bevestig dat u het bent om verder te gaan."],
    first_factor_required: ["U bent niet ingelogd", "Log eerst in en probeer het dan opnieuw."],
    not_enrolled: [
      "Geen tweede factor ingesteld",
      "Hiervoor is naast het wachtwoord een tweede factor nodig, en uw account heeft er geen die hier geldt. " +
        "Neem contact op met de klantenservice.",
    ],
    method_not_allowed: [
      "Hier niet toegestaan",
      "Op deze manier bevestigen is hier niet toegestaan. Kies een andere manier.",
    ],
    origin_refused: [
      "Verzoek geweigerd",
      "Het lijkt van een andere site te komen. Open deze pagina opnieuw en probeer het nog eens.",
    ],
    invalid_request: ["Er ontbreekt iets", "Controleer wat u hebt ingevoerd en probeer het opnieuw."],
    wrong_code: ["Onjuiste code", "Controleer de code en voer deze opnieuw in."],
    challenge_not_found: ["Niets te bevestigen", "Dit verzoek staat niet meer open. Ga terug en probeer het nog eens."],
    challenge_expired: [
      "De code is verlopen",
      "Het heeft te lang geduurd. Begin opnieuw om een nieuwe code te krijgen.",
    ],
    challenge_used: ["Al bevestigd", "Deze code is al gebruikt, en elke code werkt maar één keer."],
    challenge_spent: [
      "Te veel onjuiste codes",
      "Voor deze code zijn er geen pogingen meer over. Begin opnieuw om een nieuwe te krijgen.",
    ],
    account_locked: [
      "Bevestigen is geblokkeerd",
      "Er zijn te veel onjuiste codes ingevoerd. Om uw account te beschermen kunt u het {wait} opnieuw proberen.",
    ],
    limit_exceeded: [
      "Te veel berichten",
      "Er zijn in korte tijd veel codes verstuurd. U kunt {wait} een nieuwe aanvragen.",
    ],
    delivery_failed: [
      "De code kon niet worden verstuurd",
      "Probeer het opnieuw of kies een andere manier om te bevestigen.",
    ],
    unavailable: ["Nu niet beschikbaar", "De fout ligt bij ons, niet bij u. Probeer het {wait} opnieuw."],
    misconfigured: [
      "Nu niet beschikbaar",
      "Bij ons is iets verkeerd ingesteld. Neem contact op met de klantenservice.",
    ],
  },
  factors,
  passkey,
  devices: {
    title: "Vertrouwde apparaten",
    lead: "In deze browsers wordt u niet telkens om een tweede stap gevraagd. Verwijder wat u niet meer gebruikt.",
    none: "Er is geen vertrouwd apparaat.",
    unnamed: "Onbekend apparaat",
    until: "Vertrouwd tot {date}",
    removeAll: "Alle apparaten verwijderen",
    trust: "Dit apparaat vertrouwen",
    hint: "Vink dit alleen aan op een eigen apparaat.",
  },
  report: {
    title: "Was u dit niet?",
    lead: "Iemand heeft uit uw naam een code gevraagd. Bevestig dat u het niet was: het verzoek stopt en uw account vraagt overal om een nieuwe bevestiging.",
    confirm: "Ik was het niet",
    done: "Dank u. Het verzoek is gestopt. Wijzig nu uw wachtwoord: iemand kent het misschien.",
    invalid: "Deze link is niet meer geldig. Hebt u een code gekregen waar u niet om vroeg, wijzig dan uw wachtwoord.",
  },
};
