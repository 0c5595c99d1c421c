import { createHmac } from "node:crypto";

/** `JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP` of the processes, in bytes. */
const SECRET = Buffer.from("48656c6c6f21deadbeef48656c6c6f21deadbeef", "hex");
export const STEP = 30_000;

/** The code that an authenticator app shows at this instant (RFC 6238). */
export function codeAt(now: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / STEP)));
  const digest = createHmac("sha1", SECRET).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}
