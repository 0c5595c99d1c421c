import { refused } from "../../../verification/outcome.js";
import { word } from "../../body.js";
import type { Answered, Route } from "../reply.js";
import { enrolledOf, showAgain, toTheList } from "./call.js";
import { toChange } from "./gate.js";
import { listPage } from "./listed.js";
import { markOfChange, voidOthers } from "./void-others.js";

/** `POST /2fa/factors/remove { factor }`. */
export const removeRoute: Route = {
  method: "POST",
  page: "/factors",
  permit: toChange,
  async handle(call): Promise<Answered> {
    const id = word(call.fields, "factor");
    const { factors } = enrolledOf(call);
    if (id === undefined || !(await factors.remove(call.who.user, id))) {
      const no =
        id === undefined
          ? refused("invalid_request", { detail: '"factor" is missing.' })
          : refused("challenge_not_found", { detail: "There is no such factor." });
      return { ...no, onward: async () => showAgain(call, no, await listPage(call)) };
    }
    const mark = markOfChange(call);
    if (mark) await voidOthers(call, mark);
    return { ok: true, status: 204, onward: async () => toTheList(call, "removed") };
  },
};
