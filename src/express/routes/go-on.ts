import type { Interrupted } from "../resume.js";
import { showPage } from "../show.js";
import type { Call } from "./reply.js";

/** Back to where a person was: a GET by a redirect, a form by sending it once more from their own browser. */
export function goOnTo({ kit, req, res }: Call, interrupted: Interrupted | undefined): void {
  if (interrupted && !interrupted.fields) return res.redirect(303, interrupted.url);
  const replay = interrupted?.fields && { action: interrupted.url, fields: interrupted.fields };
  showPage(kit, req, res, 200, { state: "done", ...(replay ? { replay } : {}) });
}
