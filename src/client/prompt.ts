import type { PublicChallenge } from "../express/wire.js";
import type { Asking, Problem } from "./asking.js";

/** What a prompt of the app's own is asked with. */
export interface Challenge extends PublicChallenge {
  /** What this person may confirm by; `method` is the one that is asked for now. */
  readonly methods: readonly string[];
  /** Why the answer before this one was not right: its `code`, maybe `attemptsLeft` or `retryAfter`. */
  readonly problem: Problem | undefined;
  /** No code can be right any more, unless `resend()` starts anew. */
  readonly ended: boolean;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** The same code once more. Resolves to the challenge as it is then. */
  resend(): Promise<Challenge>;
  /** Goes on with another of the methods; by which factor, where `choices` has several of it. */
  use(method: string, factor?: string): Promise<Challenge>;
}

/** Asks a person for a code; `null` if they do not want to. Called again after a wrong one. */
export type Prompt = (challenge: Challenge) => string | null | Promise<string | null>;

/** A prompt that always has an answer must come to an end too. */
const MOST_ANSWERS = 20;

export async function askByPrompt(asking: Asking, signal: AbortSignal, prompt: Prompt): Promise<boolean> {
  const view = (): Challenge => ({
    ...asking.challenge,
    methods: asking.methods,
    problem: asking.problem,
    ended: asking.ended,
    signal,
    resend: () => asking.resend().then(view),
    use: (method, factor) => asking.use(method, factor).then(view),
  });
  for (let left = MOST_ANSWERS; left; left -= 1) {
    const code = await prompt(view());
    if (typeof code !== "string" || asking.ended) break;
    if (await asking.answer(code)) return true;
  }
  return false;
}
