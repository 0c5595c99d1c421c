import { IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import { Socket } from "node:net";

export interface Injected {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One request straight into a listener: the same objects as behind a server, without the wire, for very many of them. */
export function inject(listener: RequestListener, { method, url, headers, body = "" }: Injected): Promise<Answered> {
  const bytes = Buffer.from(body);
  const req = new IncomingMessage(new Socket());
  Object.assign(req, { method, url, httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
  Object.assign(req.headers, { host: "localhost", "content-length": String(bytes.length), ...headers });
  if (bytes.length > 0) req.push(bytes);
  req.push(null);
  req.complete = true;
  return new Promise((resolve, reject) => {
    const res = new ServerResponse(req);
    const chunks: Buffer[] = [];
    res.write = ((chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk)) > 0) as typeof res.write;
    res.end = ((chunk?: unknown) => {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
      resolve({ status: res.statusCode, headers: res.getHeaders(), text: Buffer.concat(chunks).toString() });
      return res;
    }) as typeof res.end;
    try {
      listener(req, res);
    } catch (error) {
      reject(error);
    }
  });
}
