import type { Mark } from "../../../step-up/mark.js";
import { LONGEST_PROOF } from "../../../step-up/policy.js";
import { RequestTwoFactor } from "../../context.js";
import type { Call } from "../reply.js";

/**
 * After a change of factors: whatever was proved with them as they were is void in every login of the user. The one that
 * made the change keeps this mark, as old as it is; where it cannot be kept, it proves itself again like the others.
 */
export async function voidOthers({ kit, req, res, who }: Call, mark: Mark, isNew = false): Promise<void> {
  const now = kit.clock();
  await kit.store.revoke(who.user, LONGEST_PROOF, now);
  kit.events.emit("proof.revoked", { user: who.user });
  try {
    // What was made may have taken longer than a store's news stay news.
    await kit.store.catchUp?.();
    const kept = Math.max(now, kit.revokedAt(who.user)) + 1;
    const { token } = await who.proof.grant(req, res, { ...mark, kept });
    if (token !== undefined) res.setHeader("Two-Factor-Token", token);
    if (isNew) kit.events.emit("proof.granted", { user: who.user, methods: mark.methods });
  } catch (error) {
    // The change is made all the same.
    kit.events.emit("fault", { where: "keeping the proof", error });
  }
}

/** The mark that a change was made with. */
export function markOfChange({ req }: Call): Mark | undefined {
  return RequestTwoFactor.passedOf(req.twoFactor)?.[0];
}
