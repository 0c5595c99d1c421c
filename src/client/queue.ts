import { ask, type Asking, type Post, type Refusal } from "./asking.js";
import { askByDialog } from "./dialog.js";
import type { ClientOptions } from "./options.js";
import { askByPrompt } from "./prompt.js";

/** A challenge, and the requests that wait for it. */
interface Waiting {
  readonly asking: Asking;
  readonly gone: AbortController;
  readonly isRight: Promise<boolean>;
  count: number;
}

export type Confirm = (refusal: Refusal, post: Post, signal: AbortSignal) => Promise<Asking | false>;

/** One person, one question at a time; what waits for the same challenge is asked for once. */
export function makeQueue(options: ClientOptions): Confirm {
  /** Also those that were answered: a refusal may have been on its way when the code was given. */
  const asked = new Set<Waiting>();
  let last: Promise<unknown> = Promise.resolve();

  const put = async (asking: Asking, signal: AbortSignal): Promise<boolean> => {
    const answer = (): Promise<boolean> =>
      options.prompt ? askByPrompt(asking, signal, options.prompt) : askByDialog(asking, signal, options);
    const isRight = await unlessAborted(answer, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return false;
    });
    if (asking.token) options.onToken?.(asking.token);
    if (!isRight && !asking.ended) await asking.cancel().catch(() => undefined);
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

  return async (refusal, post, signal) => {
    const { id } = refusal.challenge;
    const waiting = [...asked].find(({ asking }) => asking.challenge.id === id) ?? begin(refusal, post);
    waiting.count += 1;
    try {
      return (await unlessAborted(() => waiting.isRight, signal)) && waiting.asking;
    } finally {
      if (!(waiting.count -= 1)) waiting.gone.abort();
    }
  };
}

async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    work().then(resolve, reject);
  });
}
