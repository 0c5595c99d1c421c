import { refused } from "../../verification/outcome.js";
import { word } from "../body.js";
import { type Answered, askerOf, type Route, whichOf } from "./reply.js";

/** `POST /2fa/cancel { challenge? }`. */
export const cancelRoute: Route = {
  method: "POST",
  async handle(call): Promise<Answered> {
    const canceled = await call.kit.challenges.cancel(askerOf(call), whichOf(word(call.fields, "challenge")));
    return canceled ? { ok: true, status: 204 } : refused("challenge_not_found");
  },
};
