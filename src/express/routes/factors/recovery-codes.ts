import { refused } from "../../../verification/outcome.js";
import type { Answered, Route } from "../reply.js";
import { enrolledOf, show } from "./call.js";
import { toChange } from "./gate.js";
import { markOfChange, voidOthers } from "./void-others.js";

/** `POST /2fa/factors/recovery-codes`: ten new ones, shown this once; the earlier ones are dead. */
export const recoveryCodesRoute: Route = {
  method: "POST",
  idempotent: true,
  page: "/factors",
  permit: toChange,
  async handle(call): Promise<Answered> {
    if (!call.kit.methods.some(({ name }) => name === "recovery-code")) {
      return refused("method_not_allowed", { detail: "There are no recovery codes here." });
    }
    const codes = await enrolledOf(call).factors.newRecoveryCodes(call.who.user);
    const mark = markOfChange(call);
    if (mark) await voidOthers(call, mark);
    return { ok: true, status: 201, body: { codes }, onward: async () => show(call, 201, { step: "codes", codes }) };
  },
};
