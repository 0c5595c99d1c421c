import { ask, type Asking, type Post, type Refusal } from "./asking.js";
import { askByDialog } from "./dialog.js";
import type { ClientOptions } from "./options.js";
import { askByPrompt } from "./prompt.js";

/** A challenge, and the requests that wait for it. */
interface Waiting {
  readonly asking: Asking;
  readonly gone: AbortController;
  readonly isRight: Promise<boolean | undefined>;
  count: number;
}

/** For a server that does not say that a challenge is over, in milliseconds. */
const PATIENCE = 2_000;

export type Confirm = (refusal: Refusal, post: Post, signal: AbortSignal) => Promise<Asking | false | undefined>;
/** Resolves when no challenge is being canceled: what overtakes its end would be answered with that one. */
type Calm = () => Promise<unknown>;

/** One person, one question at a time; what waits for the same challenge is asked for once. */
export function makeQueue(options: ClientOptions): readonly [Confirm, Calm] {
  /** Also those that were answered: a refusal may have been on its way when the code was given. */
  const asked = new Set<Waiting>();
  let last: Promise<unknown> = Promise.resolve();
  let leaving = last;

  const put = async (asking: Asking, signal: AbortSignal): Promise<boolean | undefined> => {
    const answer = (): Promise<boolean> =>
      options.prompt ? askByPrompt(asking, signal, options.prompt) : askByDialog(asking, signal, options);
    const isRight = await unlessAborted(answer, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return undefined;
    });
    if (asking.token) options.onToken?.(asking.token);
    if (!isRight && !asking.ended)
      await (leaving = unlessAborted(() => asking.cancel(), AbortSignal.timeout(PATIENCE)).catch(() => undefined));
    return isRight;
  };

  const begin = (refusal: Refusal, post: Post): Waiting => {
    const gone = new AbortController();
    const asking = ask(refusal, post, gone.signal);
    const waiting = { asking, gone, count: 0, isRight: last.then(() => put(asking, gone.signal)) };
    last = waiting.isRight.catch(() => false).then((isRight) => isRight || asked.delete(waiting));
    asked.add(waiting);
    return waiting;
  };

  const confirm: Confirm = async (refusal, post, signal) => {
    const { id } = refusal.challenge;
    const waiting = [...asked].find(({ asking }) => asking.challenge.id === id) ?? begin(refusal, post);
    waiting.count += 1;
    try {
      return (await unlessAborted(() => waiting.isRight, signal)) && waiting.asking;
    } finally {
      if (!(waiting.count -= 1)) waiting.gone.abort();
    }
  };

  return [confirm, () => leaving];
}

async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    work().then(resolve, reject);
  });
}
