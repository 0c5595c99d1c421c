import { createHmac } from "node:crypto";

/** `JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP` in bytes. */
export const SECRET_BYTES = Buffer.from("48656c6c6f21deadbeef48656c6c6f21deadbeef", "hex");
const STEP = 30_000;

/** The code that an authenticator app shows at this instant (RFC 6238): one bare HMAC. */
export function codeAt(now: number, key: Parameters<typeof createHmac>[1] = SECRET_BYTES): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / STEP)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}
