import type { Request, Response } from "express";
import { isTwoFactorError, unavailable } from "../core/errors.js";
import type { Mark } from "../step-up/mark.js";
import type { Identity } from "./identity.js";
import type { Kit } from "./kit.js";
import type { Granted } from "./proof.js";

/**
 * The last of the four steps: what was counted, compared and consumed is now kept with the login.
 * When that fails nothing is elevated, and the person may start again at once.
 */
export async function elevate(kit: Kit, req: Request, res: Response, who: Identity, mark: Mark): Promise<Granted> {
  try {
    const granted = await who.proof.grant(req, res, mark);
    const { user, methods, action } = mark;
    kit.events.emit("proof.granted", { user, methods, ...(action === undefined ? {} : { action }) });
    return granted;
  } catch (error) {
    kit.events.emit("fault", { where: "keeping the proof", error });
    throw isTwoFactorError(error) ? error : unavailable("The proof could not be kept. Start again.", error);
  }
}
