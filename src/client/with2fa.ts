import type { OfferedChallenge } from "../express/wire.js";
import type { ClientOptions, Fetch, Fetch2fa, PreflightOptions } from "./options.js";
import { makeQueue } from "./queue.js";
import { bring, KEY, poster, refusalOf } from "./requests.js";

/**
 * A `fetch` that asks for the second factor when the server wants one, and then makes the request once more. Where the
 * person declines, the answer is the server's own: the 401.
 *
 * @example
 * const fetch2fa = with2fa(fetch);
 * const answer = await fetch2fa("/transfer", { method: "POST", body });
 */
export function with2fa(fetch: Fetch, options: ClientOptions = {}): Fetch2fa {
  const [confirm, calm] = makeQueue(options);

  /** Our route that takes the code; nothing where there is no page, as on a server that renders one. */
  const home = (): URL | undefined => absolute(`${options.path ?? "/2fa"}/verify`);

  const fetch2fa: Fetch = async (input, init) => {
    const given = input instanceof Request ? input : undefined;
    const origin = absolute(given?.url ?? (input as string | URL))?.origin;
    if (!origin || origin !== home()?.origin) return fetch(input, init);
    const take = () => given?.clone() ?? input;
    // as it will be, but for the body
    const request = new Request(take(), { ...init, body: null });
    const { headers, method, signal } = request;
    const isRepeatable = ["GET", "HEAD", "OPTIONS"].includes(method) || headers.has(KEY);
    // there is no randomUUID() on a page without TLS
    if (!isRepeatable) headers.set(KEY, crypto.getRandomValues(new Uint32Array(4)).join("-"));
    const send = (): Promise<Response> => fetch(take(), { ...init, headers });

    await calm();
    const response = await send();
    // what has streamed away cannot be sent again
    const isGone = init?.body instanceof ReadableStream;
    const refusal = !isGone && (await refusalOf(response, origin).catch(() => undefined));
    const proof = refusal && (await confirm(refusal, poster(fetch, refusal.verify, request), signal));
    if (!proof) return response;
    bring(headers, proof.token);
    return send();
  };

  const preflight = async (wanted: PreflightOptions = {}): Promise<boolean> => {
    const { headers: _headers, credentials: _credentials, signal: _signal, ...fields } = wanted;
    const verify = home();
    if (!verify) return false;
    const request = new Request(new URL(`status?${new URLSearchParams(fields)}`, verify), wanted);
    await calm();
    const { verified } = (await (await fetch(request)).json()) as { verified?: boolean };
    if (verified) return true;
    const post = poster(fetch, verify, request);
    const opened = await post("challenge", fields, request.signal);
    if (!opened.ok) return false;
    const challenge = (await opened.json()) as OfferedChallenge;
    return Boolean(await confirm({ ...challenge, challenge, verify }, post, request.signal));
  };

  return Object.assign(fetch2fa, { preflight });
}

function absolute(url: string | URL): URL | undefined {
  const here = globalThis.location?.href;
  return URL.canParse(url, here) ? new URL(url, here) : undefined;
}
