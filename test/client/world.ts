import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { type ClientOptions, type Fetch, type Fetch2fa, type Prompt, with2fa } from "../../src/client/index.js";
import type { Fixture } from "../helpers/app.js";

/** A request as it left the client. */
export interface Sent {
  readonly call: string;
  readonly headers: Headers;
  readonly body: BodyInit | null | undefined;
}

export interface World {
  readonly origin: string;
  /** Everything that went out, in order. */
  readonly sent: Sent[];
  /** The same as `POST /path 200`. */
  calls(): string[];
  fetch: Fetch;
  client(prompt: Prompt, options?: ClientOptions): Fetch2fa;
  close(): Promise<void>;
}

/** The fixture behind a real port, and a browser's cookies by hand: one session, logged in. */
export async function openWorld({ app }: Pick<Fixture, "app">, user: string | null = "ada"): Promise<World> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jar = new Map<string, string>();
  const sent: Sent[] = [];
  const answered: string[] = [];

  const browse: Fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? (input as string | URL));
    const headers = new Headers(init?.headers ?? request?.headers);
    const call = `${init?.method ?? request?.method ?? "GET"} ${url.pathname}`;
    sent.push({ call, headers: new Headers(headers), body: init?.body });
    headers.set("Cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await fetch(input, { ...init, headers });
    answered.push(`${call} ${response.status}`);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    return response;
  };
  if (user !== null) {
    const body = JSON.stringify({ user });
    const login = await browse(`${origin}/login`, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect(login.status).toBe(200);
    sent.length = answered.length = 0;
  }
  return {
    origin,
    sent,
    calls: () => [...answered],
    fetch: browse,
    client: (prompt, options) => with2fa(browse, { path: `${origin}/2fa`, prompt, ...options }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
