import { randomId } from "../../../core/crypto.js";
import type { Factor } from "../../../methods/method.js";
import { keyOf } from "../../../step-up/assurance.js";
import type { Mark } from "../../../step-up/mark.js";
import { publicFactor } from "../../../step-up/public-factor.js";
import { refused } from "../../../verification/outcome.js";
import { word } from "../../body.js";
import { resume } from "../../resume.js";
import { setUpSpot } from "../../set-up.js";
import { goOnTo } from "../go-on.js";
import { type Answered, askerOf, type Call, type Denial, type Route } from "../reply.js";
import { enrolledOf, methodIn, showAgain, toTheList } from "./call.js";
import { isProved, toConfirm } from "./gate.js";
import { listPage } from "./listed.js";
import { voidOthers } from "./void-others.js";

/** `POST /2fa/factors/confirm { enrollment?, code }`: the first right answer makes it a factor, and is a proof of it. */
export const confirmRoute: Route = {
  method: "POST",
  page: "/factors",
  permit: toConfirm,
  async handle(call): Promise<Answered> {
    const { fields } = call;
    const { factors, enrollments } = enrolledOf(call);
    const id = word(fields, "enrollment");
    const code = Object.hasOwn(fields, "code") ? fields["code"] : undefined;
    const confirmed = await enrollments.confirm(askerOf(call), id, code);
    if (!confirmed.ok) return withPage(call, confirmed, id);
    const { factor } = confirmed;
    // Somebody else with this password may have been quicker: then one of the two is not the owner.
    if (!isProved(call) && !(await enrollments.isAll(askerOf(call), factor.id))) {
      await factors.remove(call.who.user, factor.id);
      const detail = "Another method was set up meanwhile: prove that one first.";
      return refused("second_factor_required", { detail });
    }
    await voidOthers(call, markFor(call, factor), true);
    return { ok: true, status: 201, body: { ...publicFactor(factor) }, onward: goBack };
  },
};

function markFor({ who }: Call, factor: Factor): Mark {
  return { id: randomId(), user: who.user, at: factor.createdAt, methods: [factor.method], ...keyOf(factor) };
}

/** To what had to wait for this, or to the list. */
async function goBack(call: Call): Promise<void> {
  const interrupted = await resume(call.kit, call.req, setUpSpot(askerOf(call)));
  if (interrupted) await goOnTo(call, interrupted);
  else toTheList(call, "added");
}

/** A wrong code may be entered again; the secret is not shown a second time. */
function withPage(call: Call, refusal: Denial, id: string | undefined): Denial {
  const method = methodIn(call.fields);
  const open = refusal.reason === "wrong_code" || refusal.reason === "invalid_request";
  const onward = async (): Promise<void> => {
    // A passkey is made anew from the list: what it was asked has been answered.
    const again = open && method !== undefined && method !== "passkey";
    if (!again || id === undefined || refusal.details.attemptsLeft === 0) {
      return showAgain(call, refusal, await listPage(call), method);
    }
    const digits = call.kit.methods.find(({ name }) => name === method)?.digits ?? 6;
    return showAgain(call, refusal, { step: "confirm", setup: { id, method, digits } });
  };
  return { ...refusal, onward };
}
