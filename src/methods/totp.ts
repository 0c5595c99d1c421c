import { fingerprint } from "../core/crypto.js";
import { allThere, type Awaitable, whenThere, within } from "../core/deadline.js";
import { misconfigured, unavailable } from "../core/errors.js";
import { checkKeys, oneOf } from "../core/options.js";
import { DIGITS, normalizeCode } from "../verification/code.js";
import { factorsOf } from "./factor.js";
import type { Factor } from "./method.js";
import type { Enrolling, FactorMatch, MethodFactory, Person } from "./method.js";
import { keyUri, matchingStep, newSecret, type TotpShape } from "./totp-codes.js";

export interface TotpOptions {
  /**
   * The user's secret, base32 or bytes (at least 128 bits, RFC 4226 R6), or nothing when there is none. May be left out
   * with `twoFactor({ factors })`, where people set up their apps themselves.
   */
  secret?: (userId: string) => Awaitable<string | Uint8Array | null | undefined>;
  /** @default 6 */
  digits?: 6 | 7 | 8;
  /** What authenticator apps assume. @default "sha1" */
  algorithm?: "sha1" | "sha256" | "sha512";
  /**
   * How many earlier time steps are still accepted, for a phone that is slow or a person who is
   * (RFC 6238 section 5.2 allows one).
   * @default 1
   */
  window?: 0 | 1;
}

const TTL = 5 * 60_000;
/** How long the app may take to find a secret, in milliseconds. */
const DEADLINE = 3_500;

interface Secret {
  readonly secret: string | Uint8Array;
  readonly factor?: Factor;
}

/**
 * Codes of an authenticator app (RFC 6238): the current time step and the one before, each step at most once.
 *
 * @throws TwoFactorError `misconfigured` for unknown options or a window above one step.
 */
export function totp(options: TotpOptions = {}): MethodFactory {
  checkKeys(options, { secret: true, digits: true, algorithm: true, window: true }, "totp()");
  const { secret: secretOf } = options;
  if (secretOf !== undefined && typeof secretOf !== "function") {
    throw misconfigured("totp({ secret }) must be a function: (userId) => the user's base32 secret, or null.");
  }
  const totpShape: TotpShape = {
    digits: oneOf(options.digits ?? 6, [6, 7, 8], "totp({ digits })"),
    algorithm: oneOf(options.algorithm ?? "sha1", ["sha1", "sha256", "sha512"], "totp({ algorithm })"),
    window: oneOf(options.window ?? 1, [0, 1], "totp({ window })"),
  };
  const { digits } = totpShape;
  const codeShape = { length: digits, alphabet: DIGITS };

  /** The app's own and those enrolled. */
  function secretsOf({ user, factors }: Person): Awaitable<readonly Secret[]> {
    const late = () => unavailable("The TOTP secret callback did not answer.");
    const enrolled = factorsOf(factors, "totp").map((factor) => ({ secret: factor.secret, factor }));
    return whenThere(within(secretOf?.(user), DEADLINE, late), (own) =>
      own ? [{ secret: own }, ...enrolled] : enrolled,
    );
  }

  return {
    method: "totp",
    create({ service, enrols }) {
      if (!secretOf && !enrols) throw withoutSecrets();
      return {
        name: "totp",
        digits,
        phishingResistant: false,
        ttl: TTL,
        accepts: (typed) => normalizeCode(typed, codeShape) !== undefined,
        enrolled: (person) => whenThere(secretsOf(person), ({ length }) => (length > 0 ? [{}] : [])),
        stillReaches: () => true,
        compare(_entry, person, typed, now) {
          const answer = normalizeCode(typed, codeShape);
          if (answer === undefined) return undefined;
          return whenThere(secretsOf(person), (secrets) =>
            // All of them, whichever fits: see matchingStep().
            whenThere(allThere(secrets.map(({ secret }) => matchingStep(secret, answer, totpShape, now))), (steps) => {
              return firstMatch(person.user, secrets, steps);
            }),
          );
        },
        ...(enrols ? { enrolling: enrolling(totpShape, service) } : {}),
      };
    },
  };
}

function firstMatch(
  user: string,
  secrets: readonly Secret[],
  steps: readonly (number | undefined)[],
): FactorMatch | undefined {
  const index = steps.findIndex((step) => step !== undefined);
  const [value, factor] = [steps[index], secrets[index]?.factor];
  return value === undefined
    ? undefined
    : { step: { key: stepsOf(user, factor?.id), value }, ...(factor && { factor }) };
}

function enrolling(shape: TotpShape, service: string | undefined): Enrolling {
  return {
    begin({ user, contact }) {
      const secret = newSecret();
      const account = contact.email ?? contact.phone ?? user;
      return { secret, shown: { secret, uri: keyUri(secret, account, service, shape) } };
    },
    async confirm({ id, subject = "" }, { secret }, typed, now) {
      const answer = normalizeCode(typed, { length: shape.digits, alphabet: DIGITS });
      const value = answer === undefined ? undefined : await matchingStep(secret, answer, shape, now);
      // The factor is going to have the id of its enrolment: the code that confirms it is used up for it.
      return value === undefined ? undefined : { step: { key: stepsOf(subject, id), value } };
    },
  };
}

/** Each secret has its own row of used steps. */
function stepsOf(user: string, factor?: string): string {
  return fingerprint(factor === undefined ? ["totp", user] : ["totp", user, factor]);
}

function withoutSecrets(): Error {
  return misconfigured(
    "totp() needs { secret: (userId) => the user's base32 secret }, or twoFactor({ factors: true }), where people set up their apps themselves.",
  );
}
