import { readDetail } from "../../step-up/wanted.js";
import { type Fields, word } from "../body.js";
import { elevate } from "../elevate.js";
import { resume } from "../resume.js";
import type { Kit } from "../kit.js";
import { trustDevice } from "../trusted-device.js";
import type { Verified } from "../wire.js";
import { goOnTo } from "./go-on.js";
import { type Answered, askerOf, type Route, whichOf, withEntry } from "./reply.js";

/** `POST /2fa/verify { code, challenge?, trustDevice? }`. */
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
    // The code was right whatever becomes of this; a device that could not be kept is asked again.
    const trusted = isWanted(fields) && (await trustDevice(kit, req, res, mark).catch(told(kit)));
    const body: Verified = {
      verified: true,
      methods: mark.methods,
      verifiedAt: new Date(mark.at).toISOString(),
      expiresAt: new Date(mark.at + readDetail(entry).maxAge).toISOString(),
      ...(token === undefined ? {} : { token }),
      ...(trusted ? { trusted: true } : {}),
    };
    return {
      ok: true,
      status: 200,
      body: { ...body },
      onward: async () => goOnTo(call, await resume(kit, req, entry)),
    };
  },
};

/** As JSON has it, and as a box that was ticked. */
function isWanted({ trustDevice: wanted }: Fields): boolean {
  return wanted === true || wanted === "true" || wanted === "on";
}

function told(kit: Kit) {
  return (error: unknown): false => {
    kit.events.emit("fault", { where: "trusting a device", error });
    return false;
  };
}
