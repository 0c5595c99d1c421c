import { ERRORS, type ErrorCode } from "../../core/errors.js";
import { languageFor, type Language } from "./texts.js";
import type { Problem } from "./texts/shape.js";
import { visible } from "./visible.js";
import type { PageChallenge, PageProblem, PageState, PageView } from "./view.js";
import type { PageWords } from "./words.js";

/** A view, read once: what went wrong, what the page is called, and whether a code may be entered. */
export interface Situation {
  readonly view: PageView;
  readonly language: Language;
  readonly state: PageState;
  readonly heading: string;
  readonly problem?: PageProblem;
  /** The challenge that waits for a code. */
  readonly open?: PageChallenge;
  /** The page asks to approve something in particular. */
  readonly approval: boolean;
}

/** The error a state stands for where the view names none. */
const IMPLIED: Readonly<Partial<Record<PageState, ErrorCode>>> = {
  not_enrolled: "not_enrolled",
  login: "first_factor_required",
  unavailable: "unavailable",
};

export function readView(view: PageView, words?: PageWords): Situation {
  const language = languageFor(view.locale, words);
  const problem = problemOf(view);
  const state = view.state === "challenge" && !view.challenge ? "nothing" : view.state;
  // entering a code that cannot be accepted for the next quarter of an hour would only add to the trouble
  const locked = state === "challenge" && problem?.code === "account_locked";
  const approval = view.show.length > 0 || Boolean(view.action);
  return {
    view,
    language,
    state: locked ? "unavailable" : state,
    heading: headingFor(locked ? "unavailable" : state, language, approval, problem, view),
    approval,
    ...(problem && { problem }),
    ...(state === "challenge" && !locked && view.challenge && { open: view.challenge }),
  };
}

/** What is said about it: of a passkey, nothing about codes. */
export function problemWords(
  { view, language, open }: Situation,
  { code, method = open?.method }: PageProblem,
): Problem {
  const { factors, passkey, problem } = language.texts;
  // A number that cannot be used lacks its country code more often than anything else.
  const address = view.factors?.step === "address" ? view.factors.method : undefined;
  if (code === "invalid_request" && (address === "sms" || address === "voice"))
    return [problem.invalid_request[1], factors.phoneHint];
  const odd = code === "wrong_code" || code === "invalid_request";
  return method === "passkey" && odd ? passkey.wrong : problem[code];
}

function problemOf(view: PageView): PageProblem | undefined {
  const failed = view.state === "challenge" && view.challenge?.delivery === "failed";
  const code = view.error?.code ?? (failed ? "delivery_failed" : IMPLIED[view.state]);
  // that a second factor is asked for is what the page is there to say
  if (code === undefined || (code === "second_factor_required" && view.state === "challenge")) return undefined;
  return { ...view.error, code: Object.hasOwn(ERRORS, code) ? code : "unavailable" };
}

function headingFor(
  state: PageState,
  language: Language,
  approval: boolean,
  problem: PageProblem | undefined,
  { factors }: PageView,
): string {
  const { heading, problem: problems } = language.texts;
  const named = problem && problems[problem.code][0];
  switch (state) {
    case "challenge":
      return approval ? heading.approve : heading.confirm;
    case "done":
      return heading.done;
    case "nothing":
      return heading.nothing;
    case "ended":
      return named ?? heading.canceled;
    case "factors":
      return factorsHeading(language, factors);
    case "devices":
      return language.texts.devices.title;
    case "report":
      return language.texts.report.title;
    case "not_enrolled":
    case "login":
    case "unavailable":
      return named ?? problems.unavailable[0];
  }
}

function factorsHeading({ texts }: Language, about: PageView["factors"]): string {
  switch (about?.step) {
    case "address":
      return texts.method[about.method];
    case "confirm":
      return texts.method[about.setup.method];
    case "factor":
      return about.factor.name === "" ? texts.method[about.factor.method] : visible(about.factor.name);
    case "codes":
      return texts.factors.codes.title;
    default:
      return texts.factors.title;
  }
}
