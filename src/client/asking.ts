import type { ProblemDocument, PublicChallenge } from "../express/wire.js";

/** A refusal that a person can do something about. */
export interface Refusal {
  readonly challenge: PublicChallenge;
  readonly methods?: readonly string[] | undefined;
  /** Our route that takes the code; the others are beside it. */
  readonly verify: URL;
}

/** Why an answer was not taken; of what is no problem document of ours, nothing but a code. */
export interface Problem extends Partial<Omit<ProblemDocument, "code">> {
  /** `"passkey"`: the browser brought none. Prompts of the app's own see to that themselves. */
  readonly code: ProblemDocument["code"] | "passkey";
}

/** Posts to one of our routes. */
export type Post = (
  route: string,
  fields: Readonly<Record<string, string>>,
  signal?: AbortSignal | null,
) => Promise<Response>;

/** A challenge while a person is at it. */
export interface Asking {
  challenge: PublicChallenge;
  readonly methods: readonly string[];
  /** Why the last thing that was tried did not work. */
  problem?: Problem | undefined;
  /** No code can be right any more. */
  ended: boolean;
  /** What a right code was answered with, for clients with bearer tokens. */
  token?: string | undefined;
  /** True for a right code. */
  answer(code: string): Promise<boolean>;
  /** The same code once more, or a new challenge where this one has ended; true if it is out. */
  resend(): Promise<boolean>;
  use(method: string, factor?: string): Promise<boolean>;
  cancel(): Promise<Response>;
}

/** What a refusal says, if it is a problem document. */
export async function problemOf(response: Response): Promise<Partial<ProblemDocument>> {
  const isProblem = response.headers.get("content-type")?.includes("problem+json");
  return isProblem ? response.clone().json() : {};
}

/** After these the same challenge can still be answered. */
const GOES_ON = /^(wrong|inv|lim|del|una|met)/;

export function ask({ challenge, methods = [challenge.method] }: Refusal, post: Post, signal: AbortSignal): Asking {
  /** What a yes was answered with. */
  const call = async <T>(route: string, fields: Readonly<Record<string, string>>): Promise<T | undefined> => {
    const response = await post(route, { ...fields, challenge: asking.challenge.id }, signal);
    asking.problem = undefined;
    if (response.ok) return (await response.json()) as T;
    const { code = "unavailable", ...problem } = await problemOf(response);
    const isSpent = problem.attemptsLeft === 0;
    asking.challenge = problem.challenge ?? asking.challenge;
    asking.ended = isSpent || !GOES_ON.test(code);
    asking.problem = { ...problem, code: isSpent ? "challenge_spent" : code };
    return undefined;
  };
  const renew = async (route: string, fields = {}): Promise<boolean> => {
    const renewed = await call<PublicChallenge>(route, fields);
    if (renewed) {
      asking.challenge = renewed;
      asking.ended = false;
    }
    return Boolean(renewed);
  };
  const asking: Asking = {
    challenge,
    methods,
    ended: false,
    async answer(code) {
      const verified = await call<{ token?: string }>("verify", { code });
      asking.token = verified?.token;
      // used in another tab: whether that will do is for the server to say
      return Boolean(verified) || asking.problem?.code === "challenge_used";
    },
    resend: () => renew(asking.ended ? "challenge" : "resend"),
    use: (method, factor = "") => renew("challenge", { method, factor }),
    cancel: () => post("cancel", { challenge: asking.challenge.id }),
  };
  return asking;
}
