import { endOf } from "../../stores/ended.js";
import type { Ended } from "../../stores/store.js";
import { wayBack } from "../resume.js";
import { type Scene, showPage } from "../show.js";
import { askerOf, type Route } from "./reply.js";

/** `GET /2fa`: the page for the newest challenge of this login. It only shows; nothing is sent or used by looking. */
export const pageRoute: Route = {
  method: "GET",
  async handle(call): Promise<"answered"> {
    const { kit, req, res } = call;
    const entry = await kit.challenges.find(askerOf(call), {});
    const back = entry && (await wayBack(kit, req, entry));
    const end = endOf(entry, kit.clock());
    const notice = Object.hasOwn(req.query, "sent") ? { notice: "sent" as const } : {};
    await showPage(kit, req, res, 200, { ...(end ? ENDED[end] : { state: "challenge", ...notice }), entry, back });
    return "answered";
  },
};

const ENDED: Record<Ended, Scene> = {
  missing: { state: "nothing" },
  used: { state: "nothing" },
  canceled: { state: "ended" },
  expired: { state: "ended", error: { code: "challenge_expired" } },
  spent: { state: "ended", error: { code: "challenge_spent" } },
};
