import { connect } from "node:net";

/** An answer as it came, for requests that a server may hang up on. */
export interface Shot {
  /** 0 where the connection was cut without an answer. */
  readonly status: number;
  /** Names in lower case; of several by one name, the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends bytes on a connection of their own, which nobody uses afterwards. */
export function oneShot(port: number, raw: string): Promise<Shot> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(parsed(Buffer.concat(chunks).toString())));
    socket.write(raw.replace("\r\n", "\r\nConnection: close\r\n"));
  });
}

function parsed(received: string): Shot {
  const end = received.indexOf("\r\n\r\n");
  const [first = "", ...lines] = received.slice(0, Math.max(end, 0)).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(first.split(" ")[1] ?? 0),
    headers: Object.fromEntries(headers),
    text: received.slice(end + 4),
  };
}
