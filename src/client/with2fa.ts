import type { PublicChallenge } from "../express/wire.js";
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
  const confirm = makeQueue(options);
  /** Nothing where there is no page, as on a server that renders one. */
  const base = (): URL | undefined => absolute(`${options.path ?? "/2fa"}/status`);

  const fetch2fa: Fetch = async (input, init) => {
    const given = input instanceof Request ? input : undefined;
    const origin = absolute(given?.url ?? (input as string | URL))?.origin;
    if (!origin || origin !== base()?.origin) return fetch(input, init);

    const of = <K extends "credentials" | "headers" | "method" | "signal">(name: K) => init?.[name] ?? given?.[name];
    const headers = new Headers(of("headers"));
    const isSafe = /^(GET|HEAD|OPTIONS)$/i.test(of("method") ?? "GET");
    // there is no randomUUID() on a page without TLS
    if (!isSafe && !headers.has(KEY)) headers.set(KEY, crypto.getRandomValues(new Uint32Array(4)).join("-"));
    const send = (): Promise<Response> => fetch(given?.clone() ?? input, { ...init, headers });

    const response = await send();
    // what has streamed away cannot be sent again
    const isGone = init?.body instanceof ReadableStream;
    const refusal = isGone ? undefined : await refusalOf(response, origin).catch(() => undefined);
    const proof = refusal && (await confirm(refusal, poster(fetch, headers, of("credentials")), of("signal")));
    if (!proof) return response;
    bring(headers, proof.token);
    return send();
  };

  const preflight = async (wanted: PreflightOptions = {}): Promise<boolean> => {
    const { headers, credentials, signal, ...fields } = wanted;
    const url = base();
    if (!url) return false;
    const status = await fetch(`${url.href}?${new URLSearchParams(fields)}`, wanted);
    const { verified } = (await status.json()) as { verified?: boolean };
    if (verified) return true;
    const post = poster(fetch, headers, credentials);
    const opened = await post(new URL("challenge", url), fields, signal);
    if (!opened.ok) return false;
    const challenge = (await opened.json()) as PublicChallenge;
    return Boolean(await confirm({ challenge, verify: url.href }, post, signal));
  };

  return Object.assign(fetch2fa, { preflight });
}

function absolute(url: string | URL): URL | undefined {
  const here = globalThis.location?.href;
  return URL.canParse(url, here) ? new URL(url, here) : undefined;
}
