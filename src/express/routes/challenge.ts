import { METHOD_NAMES } from "../../methods/method.js";
import { refused, type Refused } from "../../verification/outcome.js";
import type { ChallengeStarted } from "../../step-up/challenge-parts.js";
import { readDetail, wantedAgain, type Wanted } from "../../step-up/wanted.js";
import { endOf } from "../../stores/ended.js";
import type { Selection } from "../../step-up/ways.js";
import { anything, wantedFor } from "../ahead.js";
import { type Fields, word } from "../body.js";
import { publicChallenge } from "../problem.js";
import type { OfferedChallenge } from "../wire.js";
import { type Answered, askerOf, type Call, type Route, whichOf } from "./reply.js";

/** `POST /2fa/challenge { method?, factor?, action?, challenge? }`: starts one, or goes on with the one meant by another way. */
export const challengeRoute: Route = {
  method: "POST",
  idempotent: true,
  async handle(call): Promise<Answered> {
    const action = word(call.fields, "action");
    const wish = wishIn(call.fields);
    if (wish === false) {
      const detail = `"method" must be one of ${METHOD_NAMES.join(", ")}; "factor" goes with it.`;
      return refused("invalid_request", { detail });
    }
    const started = await (action === undefined ? goOn(call, wish) : begin(call, await wantedFor(call, action), wish));
    if (!started.ok) return started;
    const { methods } = readDetail(started.entry);
    const offered: OfferedChallenge = { methods, ...publicChallenge(call.kit, started.entry) };
    return { ok: true, status: 201, body: { ...offered } };
  },
};

/** No action named: the newest challenge is meant, alive or to be started again. */
async function goOn(call: Call, wish: Selection | undefined) {
  const { challenges, clock } = call.kit;
  const latest = await challenges.find(askerOf(call), whichOf(word(call.fields, "challenge")));
  const end = endOf(latest, clock());
  if (!latest || end === "used") return begin(call, anything(call, undefined), wish);
  if (end) return begin(call, wantedAgain(latest), wish);
  if (wish) return challenges.switchTo(askerOf(call), { id: latest.id }, wish);
  return { ok: true, entry: latest } as const;
}

async function begin(call: Call, wanted: Wanted | Refused, wish: Selection | undefined): Promise<ChallengeStarted> {
  if ("reason" in wanted) return wanted;
  call.who.proof.anchor?.(call.req);
  return call.kit.challenges.start(askerOf(call), wanted, wish);
}

function wishIn(fields: Fields): Selection | undefined | false {
  const [name, factor] = [word(fields, "method"), word(fields, "factor")];
  if (name === undefined) return factor === undefined ? undefined : false;
  const method = METHOD_NAMES.find((known) => known === name);
  return method ? { method, factor } : false;
}
