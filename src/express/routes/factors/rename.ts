import { isPrintable } from "../../../core/printable.js";
import { refused } from "../../../verification/outcome.js";
import { word } from "../../body.js";
import type { Answered, Route } from "../reply.js";
import { enrolledOf, showAgain, toTheList } from "./call.js";
import { withProof } from "./gate.js";
import { listPage } from "./listed.js";

/** `POST /2fa/factors/rename { factor, name }`. */
export const renameRoute: Route = {
  method: "POST",
  page: "/factors",
  permit: withProof,
  async handle(call): Promise<Answered> {
    const id = word(call.fields, "factor");
    const name = (word(call.fields, "name") ?? "").trim();
    const { factors } = enrolledOf(call);
    if (id === undefined || !isPrintable(name, 0, 60)) {
      const no = refused("invalid_request", {
        detail: '"factor" is missing, or "name" is no text of at most 60 characters.',
      });
      return { ...no, onward: async () => showAgain(call, no, await listPage(call)) };
    }
    if (!(await factors.rename(call.who.user, id, name))) {
      const no = refused("challenge_not_found", { detail: "There is no such factor." });
      return { ...no, onward: async () => showAgain(call, no, await listPage(call)) };
    }
    return { ok: true, status: 204, onward: async () => toTheList(call, "renamed") };
  },
};
