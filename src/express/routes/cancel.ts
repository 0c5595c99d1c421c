import { word } from "../body.js";
import { wayBack } from "../resume.js";
import { showPage } from "../show.js";
import { refused } from "../../verification/outcome.js";
import { type Answered, askerOf, type Route, whichOf } from "./reply.js";

/** `POST /2fa/cancel { challenge? }`. */
export const cancelRoute: Route = {
  method: "POST",
  async handle(call): Promise<Answered> {
    const { kit, req, res, fields } = call;
    const entry = await kit.challenges.find(askerOf(call), whichOf(word(fields, "challenge")));
    const canceled = entry && (await kit.challenges.cancel(askerOf(call), { id: entry.id }));
    if (!canceled) return refused("challenge_not_found");
    const onward = async (): Promise<void> => {
      await showPage(kit, req, res, 200, { state: "ended", entry, back: await wayBack(kit, req, entry) });
    };
    return { ok: true, status: 204, onward };
  },
};
