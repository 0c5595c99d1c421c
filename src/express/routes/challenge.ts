import { METHOD_NAMES, type MethodName } from "../../methods/method.js";
import { refused } from "../../verification/outcome.js";
import { DEFAULT_MAX_AGE, isDeclared } from "../../step-up/policy.js";
import { readDetail, wantedAgain, type Wanted } from "../../step-up/wanted.js";
import { endOf } from "../../stores/ended.js";
import { word } from "../body.js";
import { publicChallenge } from "../problem.js";
import type { OfferedChallenge } from "../wire.js";
import { type Answered, askerOf, type Call, type Route, whichOf } from "./reply.js";

/** `POST /2fa/challenge { method?, action?, challenge? }`: starts one, or goes on with the one meant by another method. */
export const challengeRoute: Route = {
  method: "POST",
  idempotent: true,
  async handle(call): Promise<Answered> {
    const action = word(call.fields, "action");
    const method = methodNamed(word(call.fields, "method"));
    if (method === false) {
      return refused("invalid_request", { detail: `"method" must be one of ${METHOD_NAMES.join(", ")}.` });
    }
    const started = await (action === undefined ? goOn(call, method) : begin(call, named(call, action), method));
    if (!started.ok) return started;
    const { methods } = readDetail(started.entry);
    const offered: OfferedChallenge = { ...publicChallenge(call.kit, started.entry), methods };
    return { ok: true, status: 201, body: { ...offered } };
  },
};

/** No action named: the newest challenge is meant, alive or to be started again. */
async function goOn(call: Call, method: MethodName | undefined) {
  const { challenges, clock } = call.kit;
  const latest = await challenges.find(askerOf(call), whichOf(word(call.fields, "challenge")));
  const end = endOf(latest, clock());
  if (!latest || end === "used") return begin(call, named(call, undefined), method);
  if (end) return begin(call, wantedAgain(latest), method);
  if (method) return challenges.switchMethod(askerOf(call), { id: latest.id }, method);
  return { ok: true, entry: latest } as const;
}

function begin(call: Call, wanted: Wanted, method: MethodName | undefined) {
  call.who.proof.anchor?.(call.req);
  return call.kit.challenges.start(askerOf(call), wanted, method);
}

function named({ req }: Call, action: string | undefined): Wanted {
  return {
    action,
    // What is shown to a person comes from the app, and never from a request.
    label: action !== undefined && isDeclared(action) ? action : undefined,
    maxAge: DEFAULT_MAX_AGE,
    limits: [],
    ip: req.ip,
    language: req.headers["accept-language"],
  };
}

function methodNamed(name: string | undefined): MethodName | undefined | false {
  return name === undefined ? undefined : (METHOD_NAMES.find((known) => known === name) ?? false);
}
