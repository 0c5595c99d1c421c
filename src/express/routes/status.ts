import { parseDuration } from "../../core/durations.js";
import { judge } from "../../step-up/judge.js";
import { refused } from "../../verification/outcome.js";
import { DEFAULT_MAX_AGE, LONGEST_PROOF } from "../../step-up/policy.js";
import { isLive } from "../../stores/ended.js";
import { questionOf } from "../context.js";
import { publicChallenge } from "../problem.js";
import { type Answered, askerOf, type Call, type Route } from "./reply.js";

/** `GET /2fa/status?maxAge=5m&action=...`: is there a proof, and for how long still. */
export const statusRoute: Route = {
  method: "GET",
  async handle(call): Promise<Answered> {
    const { kit, who } = call;
    const { maxAge: asked, action } = call.req.query;
    const maxAge = asked === undefined ? DEFAULT_MAX_AGE : parseDuration(asked);
    if (maxAge === undefined || maxAge > LONGEST_PROOF || (action !== undefined && typeof action !== "string")) {
      return refused("invalid_request", { detail: '"maxAge" is a duration of at most 24 hours, such as 5m.' });
    }
    const policy = { maxAge, methods: "all", oneShot: false } as const;
    const verdict = judge(policy, who.login.marks, questionOf(kit, who, action));
    const open = await kit.challenges.find(askerOf(call), {});
    return { ok: true, status: 200, body: { ...proofOf(verdict, maxAge), ...openChallenge(call, open) } };
  },
};

function proofOf(verdict: ReturnType<typeof judge>, maxAge: number) {
  const [mark] = verdict.ok ? verdict.marks : [];
  if (!mark) return { verified: false, methods: [] };
  return {
    verified: true,
    methods: mark.methods,
    verifiedAt: new Date(mark.at).toISOString(),
    expiresAt: new Date(mark.at + maxAge).toISOString(),
  };
}

function openChallenge({ kit }: Call, entry: Awaited<ReturnType<Call["kit"]["challenges"]["find"]>>) {
  return entry && isLive(entry, kit.clock()) ? { challenge: publicChallenge(kit, entry) } : {};
}
