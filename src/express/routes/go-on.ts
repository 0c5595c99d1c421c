import type { Interrupted } from "../resume.js";
import { showPage } from "../show.js";
import type { Call } from "./reply.js";

/** Back to where a person was: a GET by a redirect, a form by sending it once more from their own browser. */
export async function goOnTo({ kit, req, res }: Call, interrupted: Interrupted | undefined): Promise<void> {
  if (interrupted && !interrupted.fields) return res.redirect(303, interrupted.url);
  const replay = interrupted?.fields && { action: interrupted.url, fields: interrupted.fields };
  await showPage(kit, req, res, 200, { state: "done", ...(replay ? { replay } : {}) });
}
