import { randomBytes } from "node:crypto";
import type { Request, Response } from "express";
import { secondsUntil } from "../core/clock.js";
import { ERRORS } from "../core/errors.js";
import { pickLocale } from "../core/locale.js";
import { maskAddress } from "../core/redact.js";
import { endOf } from "../stores/ended.js";
import type { Pending } from "../stores/pending.js";
import { resendAt } from "../stores/sent.js";
import type { MethodName } from "../methods/method.js";
import type { Refused } from "../verification/outcome.js";
import { isCurrent } from "../step-up/ways.js";
import { readDetail } from "../step-up/wanted.js";
import { browserRequest } from "./browser-request.js";
import { RequestTwoFactor } from "./context.js";
import type { Kit } from "./kit.js";
import type * as Page from "./page/page.js";
import { pagePolicy } from "./page/policy.js";
import type { Theme } from "./page/theme.js";
import type {
  PageChallenge,
  PageDevice,
  PageFactors,
  PageReplay,
  PageReport,
  PageState,
  PageView,
} from "./page/view.js";
import { type GuardDetails, harden, setHeaders } from "./problem.js";
import { wayBack } from "./resume.js";
import { FACTORS_PAGE } from "./set-up.js";

/** What the page is to say this time. */
export interface Scene {
  readonly state: PageState;
  readonly entry?: Pending | undefined;
  readonly error?: PageView["error"];
  readonly notice?: "sent";
  readonly back?: string | undefined;
  readonly replay?: PageReplay | undefined;
  readonly factors?: PageFactors | undefined;
  readonly devices?: readonly PageDevice[] | undefined;
  readonly report?: PageReport | undefined;
  /** Of a person whose login does not say. */
  readonly locale?: string | undefined;
}

/** Renders the page and sends it, with the headers that keep it from being scripted, framed or kept. */
export async function showPage(kit: Kit, req: Request, res: Response, status: number, scene: Scene): Promise<void> {
  const nonce = randomBytes(16).toString("base64url");
  harden(res);
  res.setHeader("Content-Security-Policy", pagePolicy(nonce));
  res.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  res.setHeader("X-Frame-Options", "DENY");
  const document = await render(kit, viewOf(kit, req, nonce, scene));
  // The app has answered meanwhile: it waits no longer.
  if (res.headersSent) return;
  res.status(status).type("html").send(document);
}

/** The app's own page; where that fails, ours: a person at a door needs one. */
async function render(kit: Kit, view: PageView): Promise<string> {
  try {
    return kit.render ? theirs(kit.render, view) : await ours(kit, view, kit.theme);
  } catch (error) {
    kit.events.emit("fault", { where: "page.render", error });
    return ours(kit, view);
  }
}

function theirs(show: NonNullable<Kit["render"]>, view: PageView): string {
  const page: unknown = show(view);
  if (typeof page === "string") return page;
  void Promise.resolve(page).catch(() => undefined);
  throw new Error("page.render must return the document as a string.");
}

async function ours({ words }: Kit, view: PageView, theme?: Theme): Promise<string> {
  const { renderPage } = await loadPage();
  return renderPage(view, theme, words);
}

/** With its words in every language it is a quarter of the package: nothing waits for it but whoever wants to see it. */
export function loadPage(): Promise<typeof Page> {
  return import("./page/page.js");
}

/** A refusal as a page: with the challenge to answer where one stands. */
export async function showRefusal(
  kit: Kit,
  req: Request,
  res: Response,
  { reason, details, entry }: Refused,
  guard: GuardDetails,
): Promise<void> {
  setHeaders(req, res, reason, details, guard);
  const back = entry && (await wayBack(kit, req, entry));
  const { attemptsLeft, retryAfter } = details;
  // The last wrong code is not to be entered again.
  const spent = entry && endOf(entry, kit.clock()) === "spent";
  const error = {
    code: spent && reason === "wrong_code" ? ("challenge_spent" as const) : reason,
    ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  const state = entry && !endOf(entry, kit.clock()) ? "challenge" : stateFor(reason);
  await showPage(kit, req, res, guard.status ?? ERRORS[reason].status, { state, entry, error, back });
}

function stateFor(reason: Refused["reason"]): PageState {
  switch (reason) {
    case "first_factor_required":
      return "login";
    case "not_enrolled":
      return "not_enrolled";
    case "challenge_not_found":
      return "nothing";
    case "unavailable":
    case "misconfigured":
      return "unavailable";
    default:
      return "ended";
  }
}

function viewOf(kit: Kit, req: Request, nonce: string, scene: Scene): PageView {
  const { state, entry, error, notice, back, replay, factors, devices, report } = scene;
  const path = RequestTwoFactor.pathOf(req.twoFactor);
  const detail = entry && readDetail(entry);
  const links = {
    page: path,
    verify: `${path}/verify`,
    resend: `${path}/resend`,
    challenge: `${path}/challenge`,
    cancel: `${path}/cancel`,
    ...(kit.enrolled ? { factors: path + FACTORS_PAGE } : {}),
    ...(kit.devices ? { devices: `${path}/devices` } : {}),
    ...(report ? { notMe: `${path}/not-me` } : {}),
    ...(back === undefined ? {} : { back }),
    ...(kit.login === undefined ? {} : { login: kit.login }),
  };
  return {
    locale: pickLocale(kit.words.locales, detail?.locale ?? scene.locale, req.headers["accept-language"]),
    nonce,
    state,
    alternatives: entry && detail ? detail.choices.filter((choice) => !isCurrent(entry.delivery, choice)) : [],
    show: detail?.show ?? [],
    links,
    ...(kit.service === undefined ? {} : { service: kit.service }),
    ...(entry ? { challenge: challengeOf(kit, entry) } : {}),
    ...(detail?.label === undefined ? {} : { action: detail.label }),
    ...(error === undefined ? {} : { error }),
    ...(notice === undefined ? {} : { notice }),
    ...(replay === undefined ? {} : { replay }),
    ...(factors === undefined ? {} : { factors }),
    ...(devices === undefined ? {} : { devices }),
    ...(report === undefined ? {} : { report }),
    ...(kit.devices && detail && detail.bind === undefined ? { trustable: isTrustable(entry) } : {}),
  };
}

/** A recovery code says that something was lost: no time to trust anything. */
function isTrustable(entry: Pending | undefined): boolean {
  return entry?.delivery.method !== "recovery-code";
}

function challengeOf(kit: Kit, entry: Pending): PageChallenge {
  const { method: name, to, status } = entry.delivery;
  const again = resendAt(entry.delivery);
  const method = kit.methods.find((each) => each.name === name);
  const now = kit.clock();
  return {
    id: entry.id,
    method: name as MethodName,
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    expiresAt: new Date(entry.expiresAt).toISOString(),
    attemptsLeft: Math.max(0, entry.maxAttempts - entry.attempts),
    ...(method?.send ? { resendIn: again !== undefined && again > now ? secondsUntil(again, now) : 0 } : {}),
    digits: method?.digits ?? 6,
    ...browserRequest(kit, entry),
    delivery: status,
  };
}
