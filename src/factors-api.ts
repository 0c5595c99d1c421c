import { misconfigured } from "./core/errors.js";
import type { ChallengeNo, ChallengeOwner } from "./challenges-api.js";
import { asker, no } from "./challenges-api.js";
import type { Kit } from "./express/kit.js";
import type { MethodName } from "./methods/method.js";
import {
  type Enrollment,
  publicEnrollment,
  type PublicFactor,
  publicFactor,
  splitFactors,
} from "./step-up/public-factor.js";

export interface EnrollmentRequest extends ChallengeOwner {
  method: MethodName;
  /** The number or address, for methods that send. */
  to?: string;
  /** What its owner calls it, in at most 60 characters. */
  name?: string;
  /** BCP 47 tag, where the contact has none. */
  locale?: string;
}

/**
 * Enrolled factors, for a settings page of your own. Whoever calls has made sure that it is the person, freshly
 * proved, and calls `tfa.revoke()` where a change must end what was proved before: the routes do both by themselves.
 */
export interface FactorsApi {
  /** Oldest first, without recovery codes. */
  list(userId: string | number): Promise<readonly PublicFactor[]>;
  /** Begins one; it counts for nothing until it is confirmed, and sends a code where the method does. */
  enroll(request: EnrollmentRequest): Promise<{ readonly ok: true; readonly enrollment: Enrollment } | ChallengeNo>;
  /** The first right answer makes it a factor; five wrong ones end it. */
  confirm(
    answer: ChallengeOwner & { code: string; enrollment?: string },
  ): Promise<{ readonly ok: true; readonly factor: PublicFactor } | ChallengeNo>;
  /** False where there is none of that id. */
  rename(change: { user: string | number; factor: string; name: string }): Promise<boolean>;
  /** False where there is none of that id. */
  remove(which: { user: string | number; factor: string }): Promise<boolean>;
  /** Ten new recovery codes; the earlier ones are dead. Shown to the person this once. */
  newRecoveryCodes(userId: string | number): Promise<readonly string[]>;
  /** How many are left. */
  recoveryCodesLeft(userId: string | number): Promise<number>;
}

export function factorsApi(kit: Kit): FactorsApi {
  const parts = (): NonNullable<Kit["enrolled"]> => {
    if (kit.enrolled) return kit.enrolled;
    throw misconfigured("tfa.factors needs twoFactor({ factors: true }).");
  };
  return {
    async list(userId) {
      return splitFactors(await parts().factors.list(String(userId))).own.map(publicFactor);
    },
    async enroll({ method, to, name, locale, ...owner }) {
      const wish = { method, to, name, language: locale };
      const started = await parts().enrollments.start(asker(owner), wish);
      if (!started.ok) return no(started);
      return { ok: true, enrollment: publicEnrollment(started, method) };
    },
    async confirm({ code, enrollment, ...owner }) {
      const confirmed = await parts().enrollments.confirm(asker(owner), enrollment, code);
      return confirmed.ok ? { ok: true, factor: publicFactor(confirmed.factor) } : no(confirmed);
    },
    rename: ({ user, factor, name }) => parts().factors.rename(String(user), factor, name),
    remove: ({ user, factor }) => parts().factors.remove(String(user), factor),
    newRecoveryCodes: (userId) => parts().factors.newRecoveryCodes(String(userId)),
    async recoveryCodesLeft(userId) {
      return splitFactors(await parts().factors.list(String(userId))).codesLeft;
    },
  };
}
