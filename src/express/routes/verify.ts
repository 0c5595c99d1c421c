import { readDetail } from "../../step-up/wanted.js";
import type { Pending } from "../../stores/pending.js";
import { word } from "../body.js";
import { elevate } from "../elevate.js";
import { resume } from "../resume.js";
import { showPage } from "../show.js";
import type { Verified } from "../wire.js";
import { type Answered, askerOf, type Call, type Route, whichOf, withEntry } from "./reply.js";

/** `POST /2fa/verify { code, challenge? }`. */
export const verifyRoute: Route = {
  method: "POST",
  async handle(call): Promise<Answered> {
    const { kit, req, res, who, fields } = call;
    const id = word(fields, "challenge");
    const code = Object.hasOwn(fields, "code") ? fields["code"] : undefined;
    const proved = await kit.challenges.verify(askerOf(call), whichOf(id), code);
    if (!proved.ok) return withEntry(call, proved, id);

    const { mark, entry } = proved;
    const { token } = await elevate(kit, req, res, who, mark);
    const body: Verified = {
      verified: true,
      methods: mark.methods,
      verifiedAt: new Date(mark.at).toISOString(),
      expiresAt: new Date(mark.at + readDetail(entry).maxAge).toISOString(),
      ...(token === undefined ? {} : { token }),
    };
    return { ok: true, status: 200, body: { ...body }, onward: () => goOn(call, entry) };
  },
};

/** Back to where the person was: a GET by a redirect, a form by sending it once more from their own browser. */
async function goOn({ kit, req, res }: Call, entry: Pending): Promise<void> {
  const interrupted = await resume(kit, req, entry);
  if (interrupted && !interrupted.fields) return res.redirect(303, interrupted.url);
  const replay = interrupted?.fields && { action: interrupted.url, fields: interrupted.fields };
  showPage(kit, req, res, 200, { state: "done", ...(replay ? { replay } : {}) });
}
