import { fingerprint, type Keyring } from "../../core/crypto.js";
import { misconfigured } from "../../core/errors.js";
import type { Enrolling, Method, MethodContext, MethodFactory } from "../method.js";
import { readAssertion, readRegistration } from "./answer.js";
import { checkAssertion } from "./assertion.js";
import { newChallenge, PATIENCE } from "./challenge.js";
import { type Credential, descriptorOf, kept, passkeysOf } from "./credential.js";
import { loadLibrary } from "./library.js";
import { checkPasskeyOptions, type PasskeyOptions, type RelyingParty, relyingParty } from "./options.js";
import { type Begun, checkRegistration, creationFor } from "./registration.js";

const TTL = 5 * 60_000;

/**
 * Passkeys (WebAuthn Level 3): a key of the person's telephone, computer or security key, which asks for a finger, a face
 * or a PIN and signs for this site alone. Phishing-resistant, and the strongest method there is: put it first. People set
 * them up with `twoFactor({ factors })`; the app installs `@simplewebauthn/server`.
 *
 * @throws TwoFactorError `misconfigured` for options that do not fit, without an origin, or where nobody can enrol
 * anything; when the first passkey is set up or used, if `@simplewebauthn/server` is missing.
 */
export function passkey(options: PasskeyOptions = {}): MethodFactory {
  checkPasskeyOptions(options);
  return {
    method: "passkey",
    create(context) {
      if (!context.enrols)
        throw misconfigured("passkey() needs twoFactor({ factors: true }): that is where passkeys are kept.");
      return createMethod(relyingParty(options, context), context);
    },
  };
}

function createMethod(party: RelyingParty, context: MethodContext): Method {
  const { keys } = context;
  return {
    name: "passkey",
    digits: 0,
    phishingResistant: true,
    ttl: TTL,
    accepts: (answer) => readAssertion(answer) !== undefined,
    enrolled(person) {
      const credentials = passkeysOf(person).map(({ credential }) => descriptorOf(credential));
      return credentials.length > 0 ? [{ credentials }] : [];
    },
    stillReaches: () => true,
    request({ id }, allowCredentials, now) {
      // There when the answer comes; what is missing, the answer says.
      void loadLibrary().catch(() => undefined);
      return {
        challenge: newChallenge(keys, id, now),
        rpId: party.id,
        allowCredentials: [...allowCredentials],
        userVerification: "required",
        timeout: PATIENCE,
      };
    },
    async compare({ id }, person, typed, now) {
      const answer = readAssertion(typed);
      const found = passkeysOf(person).find(({ credential }) => credential.id === answer?.id);
      if (!answer || !found) return undefined;
      const used = await checkAssertion(party, { keys, id, now }, answer, found.credential);
      if (!used) return undefined;
      return { factor: { ...found.factor, ...kept(used) }, ...countOf(person.user, found.factor.id, used) };
    },
    enrolling: enrolling(party, keys, context),
  };
}

function enrolling(party: RelyingParty, keys: Keyring, { clock }: MethodContext): Enrolling {
  return {
    ttl: PATIENCE,
    async begin(person, _to, id) {
      // Who has forgotten to install it learns of it before a person has made a passkey in vain.
      await loadLibrary();
      const { begun, publicKey } = creationFor(party, { keys, id, now: clock() }, person);
      return { secret: JSON.stringify(begun), shown: { publicKey } };
    },
    async confirm({ id, subject = "" }, { secret }, typed, now) {
      const answer = readRegistration(typed);
      if (!answer) return undefined;
      const made = await checkRegistration(party, { keys, id, now }, answer, JSON.parse(secret) as Begun);
      // The factor is going to have the id of its enrolment.
      return made && { ...kept(made), ...countOf(subject, id, made) };
    },
  };
}

/** What a passkey counts is used up in the store as it grows: of two answers at once, the older one comes too late. */
function countOf(user: string, factor: string, { counter }: Credential) {
  return counter > 0 ? { step: { key: fingerprint(["passkey", user, factor]), value: counter } } : {};
}
