import { parseDuration } from "../../core/durations.js";
import { refused } from "../../verification/outcome.js";
import { LONGEST_PROOF } from "../../step-up/policy.js";
import { isLive } from "../../stores/ended.js";
import { type Opened, standingWith } from "../ahead.js";
import { publicChallenge } from "../problem.js";
import { type Answered, askerOf, type Call, type Route } from "./reply.js";

/** `GET /2fa/status?maxAge=5m&action=...`: is there a proof, and for how long still. */
export const statusRoute: Route = {
  method: "GET",
  async handle(call): Promise<Answered> {
    const { kit } = call;
    const { maxAge: asked, action } = call.req.query;
    const maxAge = asked === undefined ? undefined : parseDuration(asked);
    const isDuration = asked === undefined || (maxAge !== undefined && maxAge <= LONGEST_PROOF);
    if (!isDuration || (action !== undefined && typeof action !== "string")) {
      return refused("invalid_request", { detail: '"maxAge" is a duration of at most 24 hours, such as 5m.' });
    }
    const opened = await standingWith(call, action, maxAge);
    const open = await kit.challenges.find(askerOf(call), {});
    return { ok: true, status: 200, body: { ...proofOf(opened), ...openChallenge(call, open) } };
  },
};

function proofOf(opened: Opened) {
  if (!opened) return { verified: false, methods: [] };
  return {
    verified: true,
    methods: opened.methods,
    verifiedAt: new Date(opened.at).toISOString(),
    expiresAt: new Date(opened.until).toISOString(),
  };
}

function openChallenge({ kit }: Call, entry: Awaited<ReturnType<Call["kit"]["challenges"]["find"]>>) {
  return entry && isLive(entry, kit.clock()) ? { challenge: publicChallenge(kit, entry) } : {};
}
