import { publicFactor } from "../../../step-up/public-factor.js";
import { wayBack } from "../../resume.js";
import { narrowed, setUpSpot } from "../../set-up.js";
import { isSent } from "../../../methods/method.js";
import { navigates } from "../../negotiate.js";
import { type Answered, askerOf, type Call, type Route } from "../reply.js";
import { enrolledOf, show } from "./call.js";
import { listFor, listPage, pageFactor } from "./listed.js";

const DONE = ["added", "removed", "renamed"] as const;

/** `GET /2fa/factors`: what this person has set up. Seeing it takes the login alone, and addresses are masked. */
export const listRoute: Route = {
  method: "GET",
  async handle(call): Promise<Answered | "answered"> {
    if (navigates(call.req)) {
      await showPage(call);
      return "answered";
    }
    const { own, addable, ...codes } = await listFor(call);
    return { ok: true, status: 200, body: { factors: own.map(publicFactor), ...codes, methods: addable } };
  },
};

/** `?add=sms` asks for a number, `?factor=...` is about one factor; anything else is the list. */
async function showPage(call: Call): Promise<void> {
  const { add, factor: id, done, required } = call.req.query;
  const { factors, enrollments } = enrolledOf(call);
  const method = enrollments.offered.find((name) => name === add);
  if (method && isSent(method)) return show(call, 200, { step: "address", method });
  const factor = id === undefined ? undefined : (await factors.list(call.who.user)).find((each) => each.id === id);
  if (factor && factor.method !== "recovery-code") {
    const last = await enrollments.isAll(askerOf(call), factor.id);
    return show(call, 200, { step: "factor", factor: pageFactor(factor), last });
  }
  const told = DONE.find((each) => each === done);
  const list = await listPage(call);
  const page = {
    ...list,
    addable: narrowed(list.addable, required),
    ...(required === undefined ? {} : { required: true as const }),
    ...(told && { done: told }),
  };
  return show(call, 200, page, await wayBack(call.kit, call.req, setUpSpot(askerOf(call))));
}
