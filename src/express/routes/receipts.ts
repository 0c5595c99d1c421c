import type { NextFunction, Request, Response } from "express";
import { fingerprint, randomId } from "../../core/crypto.js";
import { within } from "../../core/deadline.js";
import { type ErrorCode, type ErrorDetails, misconfigured, unavailable } from "../../core/errors.js";
import type { DeliveryReport, ReceiptPost, ReceiptReader, Receipts } from "../../providers/provider.js";
import { isFirst } from "../../stores/first.js";
import type { Noted } from "../../verification/receipts.js";
import { bodyBytes } from "../body.js";
import type { Kit } from "../kit.js";
import { harden, sendProblem } from "../problem.js";
import { faultToRefusal, giveUp } from "../refuse.js";

/** The provider whose receipts a request brings, by its path, or nothing for any other request. */
export function receiptsOf(kit: Kit, { path }: Request): string | undefined {
  const below = `${kit.path}/receipts/`;
  return path.startsWith(below) ? path.slice(below.length) : undefined;
}

/**
 * `POST /2fa/receipts/:provider`: what became of messages, by the word of whoever carries them. There is no user behind
 * it, no session and no page: the signature is all there is. It informs, and never grants.
 */
export async function serveReceipts(
  kit: Kit,
  provider: string,
  req: Request,
  res: Response,
  next: NextFunction,
): Promise<void> {
  if (req.method === "OPTIONS") return next();
  try {
    await serve(kit, provider, req, res);
  } catch (error) {
    try {
      const { reason, details } = faultToRefusal(kit, "receipts", error);
      refuse(req, res, reason, details);
    } catch (fault) {
      giveUp(kit, res, fault);
    }
  }
}

async function serve(kit: Kit, provider: string, req: Request, res: Response): Promise<void> {
  const read = kit.receipts.get(provider);
  if (!read) return refuse(req, res, "invalid_request", { detail: "No provider of this name has receipts." }, 404);
  if (req.method !== "POST") {
    res.setHeader("Allow", "POST");
    return refuse(req, res, "invalid_request", { detail: "This is answered to POST only." }, 405);
  }
  // a parser before us may have unpacked it: then the bytes are not those that were signed
  const { "content-encoding": encoding = "" } = req.headers;
  if (encoding !== "" && encoding.toLowerCase() !== "identity") return refuseUnsigned(req, res);
  const body = await bodyBytes(req, res);
  if (body === "lost") throw misconfigured(LOST);
  if (body === "too large") {
    return refuse(req, res, "invalid_request", { detail: "The body may be at most 64 KB." }, 413);
  }
  const signed = await readWith(read, { body, headers: req.headers, url: req.originalUrl, now: kit.clock() });
  if (!signed) {
    kit.events.emit("receipt.refused", { provider });
    return refuseUnsigned(req, res);
  }
  if ((await take(kit, provider, signed)) === "early") {
    return refuse(req, res, "unavailable", { detail: "The message is still being handed over.", retryAfter: 1 });
  }
  harden(res);
  res.status(200).json({});
}

const LOST =
  "A body parser ran before twoFactor() and kept nothing that a signature could be checked over. Mount twoFactor() " +
  "before express.json(), or keep the bytes: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes; } }).";

/** How long a provider's own reader may take, in milliseconds. */
const PATIENCE = 2_000;
const MAX_RECEIPTS = 1_000;

async function readWith(read: ReceiptReader, post: ReceiptPost): Promise<Receipts | undefined> {
  const late = (): Error => unavailable("The receipts of a provider were not read in time.");
  const signed: unknown = await within(read(post), PATIENCE, late);
  // Only what says all that a signed webhook says is one.
  if (signed === undefined || signed === null || signed === false) return undefined;
  const { id, receipts } = signed as Partial<Receipts>;
  const isSound = typeof id === "string" && id !== "" && Array.isArray(receipts) && receipts.length <= MAX_RECEIPTS;
  if (isSound && receipts.every((each) => typeof Object(each).message === "string")) return signed as Receipts;
  throw unavailable("What a provider's receipts() returned is not { id, receipts }.");
}

/** A signature is good for five minutes to either side: by then the id need not be known any more. */
const KEPT_FOR = 10 * 60_000;

/**
 * Notes everything first and claims the id after: what fails on the way is done when the sender comes again. Doing it
 * twice changes nothing.
 */
async function take(kit: Kit, provider: string, { id, receipts }: Receipts): Promise<"taken" | "early"> {
  const { store, clock, events } = kit;
  if (receipts.length === 0) return "taken";
  const name = `receipts:${fingerprint([provider, id])}`;
  if ((await store.get(name, clock())) !== undefined) return "taken";
  const all: Noted[] = [];
  for (const report of receipts) all.push(await kit.noteReport(provider, report));
  if (all.some(({ outcome }) => outcome === "early")) return "early";
  const known = all.some(({ outcome }) => outcome === "noted");
  if (!known || !(await isFirst(store, name, randomId(), KEPT_FOR, clock()))) return "taken";
  for (const [index, noted] of all.entries()) {
    const report = receipts[index];
    if (noted.outcome === "noted" && report) events.emit("delivery.receipt", eventOf(provider, noted, report));
  }
  return "taken";
}

/** Words of a provider like to quote the recipient: a code that could be one stays in the record. */
function eventOf(
  provider: string,
  { entry, event }: Noted & { outcome: "noted" },
  { status, errorCode }: DeliveryReport,
) {
  const told = { challenge: entry.id, provider, channel: event.channel, status };
  const isCode = typeof errorCode === "string" && /^[\w.:-]{1,64}$/.test(errorCode);
  return isCode && !errorCode.includes(event.to.replace("+", "")) ? { ...told, errorCode } : told;
}

function refuseUnsigned(req: Request, res: Response): void {
  refuse(req, res, "invalid_request", { detail: "The signature is missing, wrong or too old." }, 401);
}

function refuse(req: Request, res: Response, code: ErrorCode, details: ErrorDetails, status?: number): void {
  if (!res.headersSent) sendProblem(req, res, code, details, status === undefined ? {} : { status });
}
