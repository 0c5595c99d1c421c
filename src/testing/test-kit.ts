import { type Duration, milliseconds } from "../core/durations.js";
import { checkKeys } from "../core/options.js";
import type { PublicChallenge, Verified } from "../express/wire.js";
import type { MethodName } from "../methods/method.js";
import { type Outbox, outbox } from "../providers/outbox.js";
import type { TestAgent, TestAnswer } from "./agent.js";
import type { FakeClock } from "./clock.js";
import { codeIn } from "./code-in.js";
import { failed, lessonOf, problemIn } from "./expect-challenge.js";
import { anotherClock, watchedClock } from "./watched-clock.js";

export interface TestKitOptions {
  /** Where the routes are, with what they are mounted below. @default "/2fa" */
  path?: string;
  /** The provider that the app sends with. @default a new one */
  box?: Outbox;
  /** The clock that the app goes by. @default a new one */
  clock?: FakeClock;
}

export interface Solution {
  /** For what is in no outbox, such as the code of an authenticator app. */
  code?: string | ((challenge: PublicChallenge) => string);
}

export interface MarkOptions extends Solution {
  /** How long ago the proof was given. @default 0 */
  age?: Duration;
  /** The action it was given for. @default none */
  action?: string;
  /** @default the strongest that the person has */
  method?: MethodName;
}

/** What a test of guarded routes needs: give `box` and `clock` to `twoFactor()`. */
export interface TestKit {
  readonly box: Outbox;
  readonly clock: FakeClock;
  /** Answers the newest open challenge of this agent with the code in the outbox. */
  solve(agent: TestAgent, solution?: Solution): Promise<Verified>;
  /**
   * Makes the request, answers what it is asked for, and makes it again, as a person would. Of several methods each is
   * answered; `token` is what a bearer goes on with.
   */
  solve<A extends TestAnswer>(
    agent: TestAgent,
    request: (token?: string) => PromiseLike<A>,
    solution?: Solution,
  ): Promise<A>;
  /**
   * Has this agent verified `age` ago. It is a real proof, given through the routes while the clock was back by so much;
   * there is no other way to one. Where no `memoryStore()` tells the time, the proof is as old as the store says.
   */
  markVerified(agent: TestAgent, options?: MarkOptions): Promise<Verified>;
}

/** Methods that one request may ask for, one after the other. */
const MOST_ROUNDS = 5;

/** An outbox, a clock that stands still, and an agent's way through a challenge. */
export function testKit(options: TestKitOptions = {}): TestKit {
  checkKeys(options, { path: true, box: true, clock: true }, "testKit()");
  const { path = "/2fa", box = outbox() } = options;
  const watched = watchedClock();
  const clock = options.clock ?? watched.clock;

  async function answer(agent: TestAgent, challenge: PublicChallenge, { code }: Solution): Promise<Verified> {
    const given = typeof code === "function" ? code(challenge) : (code ?? codeFor(box, challenge));
    const answered = await agent.post(`${path}/verify`).send({ code: given, challenge: challenge.id });
    const verified = expected(answered, 200) as Verified;
    watched.asked();
    return verified;
  }

  async function openOf(agent: TestAgent): Promise<PublicChallenge> {
    const { challenge } = expected(await agent.get(`${path}/status`), 200) as { challenge?: PublicChallenge };
    if (challenge) return challenge;
    throw failed("No challenge is open for this agent: make a request to a guarded route first.", "no challenge");
  }

  return {
    box,
    clock,
    async solve<A extends TestAnswer>(
      agent: TestAgent,
      request?: Solution | ((token?: string) => PromiseLike<A>),
      solution: Solution = {},
    ): Promise<Verified & A> {
      if (typeof request !== "function") {
        return (await answer(agent, await openOf(agent), checked(request ?? {}))) as Verified & A;
      }
      let made = await request();
      for (let round = 0; round < MOST_ROUNDS && isAsking(made, path); round += 1) {
        const challenge = problemIn(made)?.challenge ?? (await openOf(agent));
        const { token } = await answer(agent, challenge, checked(solution));
        made = await request(token);
      }
      return made as Verified & A;
    },
    async markVerified(agent, { age = 0, action, method, ...solution } = {}) {
      const back = milliseconds(age, "markVerified({ age })");
      checked(solution);
      clock.tick(-back);
      try {
        const begun = await agent.post(`${path}/challenge`).send({ action, method });
        const verified = await answer(agent, expected(begun, 201) as PublicChallenge, solution);
        if (back === 0 || Math.abs(Date.parse(verified.verifiedAt) - clock()) <= 1_000) return verified;
        throw anotherClock();
      } finally {
        clock.tick(back);
      }
    },
  };
}

function checked(solution: Solution): Solution {
  checkKeys(solution, { code: true }, "solve()");
  return solution;
}

function isAsking(answer: TestAnswer, path: string): boolean {
  return answer.status === 303
    ? answer.headers["location"] === path
    : problemIn(answer)?.code === "second_factor_required";
}

/** In the message that this very challenge has sent by this method. */
function codeFor(box: Outbox, { id, method, to }: PublicChallenge): string {
  const message = box.sentFor(id).find(({ channel }) => channel === method);
  const code = message && codeIn(message.text);
  if (code !== undefined) return code;
  throw failed(
    to === undefined
      ? `The challenge asks for ${method}, which sends nothing: say { code }.`
      : `Nothing was sent to ${to} by ${method}. Is the outbox of the kit the provider of ${method}()?`,
    "no code",
  );
}

function expected(answer: TestAnswer, status: number): unknown {
  if (answer.status === status) return answer.body;
  throw failed(lessonOf(answer, problemIn(answer)), `status ${answer.status}`, `status ${status}`);
}
