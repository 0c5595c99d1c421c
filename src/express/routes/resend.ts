import { word } from "../body.js";
import { publicChallenge } from "../problem.js";
import { RequestTwoFactor } from "../context.js";
import { type Answered, askerOf, type Call, type Route, whichOf, withEntry } from "./reply.js";

/** `POST /2fa/resend { challenge?, next? }`: the same code once more, or by the next channel of the workflow. */
export const resendRoute: Route = {
  method: "POST",
  idempotent: true,
  async handle(call): Promise<Answered> {
    const id = word(call.fields, "challenge");
    const { next } = call.fields;
    const { challenges } = call.kit;
    const sent = await (next === true || next === "true"
      ? challenges.next(askerOf(call), whichOf(id))
      : challenges.resend(askerOf(call), whichOf(id)));
    if (!sent.ok) return withEntry(call, sent, id);
    return { ok: true, status: 200, body: { ...publicChallenge(call.kit, sent.entry) }, onward: sayItWasSent };
  },
};

/** A redirect, so that a refresh of the page asks for nothing. */
async function sayItWasSent({ req, res }: Call): Promise<void> {
  res.redirect(303, `${RequestTwoFactor.pathOf(req.twoFactor)}?sent`);
}
