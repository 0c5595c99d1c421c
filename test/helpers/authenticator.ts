import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { PasskeyCreation, PasskeyRequest } from "../../src/index.js";

/** Flags of the authenticator data (WebAuthn section 6.1). */
export const UP = 0x01;
export const UV = 0x04;
export const BE = 0x08;
export const BS = 0x10;
const AT = 0x40;

type Changed = Record<string, unknown>;

/** What is different from what an honest browser and an honest device would say. What comes before signing is signed. */
export interface Changes {
  readonly clientData?: Changed;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** More bytes, or fewer, of the authenticator data. */
  readonly authData?: (bytes: Buffer) => Buffer;
  /** Signs with this instead. */
  readonly key?: KeyObject;
  readonly hash?: string;
  readonly signature?: (bytes: Buffer) => Buffer;
  /** After everything else. */
  readonly credential?: Changed;
  readonly response?: Changed;
  readonly attestation?: Changed;
}

/** A passkey in software: ES256, attested by nobody. */
export class SoftPasskey {
  readonly id = randomBytes(32);
  counter: number;
  handle: string | undefined;
  readonly #origin: string;
  readonly #flags: number;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  /** Without a counter it does not count. */
  constructor(origin: string, { counter = 0, flags = UP | UV }: { counter?: number; flags?: number } = {}) {
    this.#origin = origin;
    this.counter = counter;
    this.#flags = flags;
  }

  get idText(): string {
    return this.id.toString("base64url");
  }

  get privateKey(): KeyObject {
    return this.#keys.privateKey;
  }

  /** `JSON.stringify(await navigator.credentials.create({ publicKey }))` */
  create(publicKey: PasskeyCreation, changes: Changes = {}): string {
    this.handle = publicKey.user.id;
    const clientDataJSON = this.#clientData("webauthn.create", publicKey.challenge, changes);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, this.#coseKey()]);
    const authData = this.#authData(publicKey.rp.id, AT, attested, changes);
    const attestation = cbor({ fmt: "none", attStmt: {}, authData, ...changes.attestation });
    const attestationObject = attestation.toString("base64url");
    return this.#answer({ clientDataJSON: text(clientDataJSON), attestationObject, transports: ["internal"] }, changes);
  }

  /** `JSON.stringify(await navigator.credentials.get({ publicKey }))` */
  get(publicKey: PasskeyRequest, changes: Changes = {}): string {
    if (this.counter > 0) this.counter += 1;
    const clientDataJSON = this.#clientData("webauthn.get", publicKey.challenge, changes);
    const authData = this.#authData(publicKey.rpId, 0, Buffer.alloc(0), changes);
    const hash = createHash("sha256").update(clientDataJSON).digest();
    const { key = this.privateKey, hash: algorithm = "sha256", signature: change = (bytes: Buffer) => bytes } = changes;
    const signature = change(sign(algorithm, Buffer.concat([authData, hash]), key));
    return this.#answer(
      { clientDataJSON: text(clientDataJSON), authenticatorData: text(authData), signature: text(signature) },
      changes,
    );
  }

  #answer(response: Changed, changes: Changes): string {
    return JSON.stringify({
      id: this.idText,
      rawId: this.idText,
      type: "public-key",
      clientExtensionResults: {},
      authenticatorAttachment: "platform",
      response: { ...response, ...changes.response },
      ...changes.credential,
    });
  }

  #clientData(type: string, challenge: string, { clientData }: Changes): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false, ...clientData }));
  }

  #authData(rpId: string, more: number, rest: Buffer, changes: Changes): Buffer {
    const { flags = this.#flags, counter = this.counter, authData = (bytes: Buffer) => bytes } = changes;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const hash = createHash("sha256")
      .update(changes.rpId ?? rpId)
      .digest();
    return authData(Buffer.concat([hash, Buffer.from([flags | more]), count, rest]));
  }

  #coseKey(): Buffer {
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    return cbor(
      new Map<unknown, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, "base64url")],
        [-3, Buffer.from(y, "base64url")],
      ]),
    );
  }
}

function text(bytes: Buffer): string {
  return bytes.toString("base64url");
}

/** As much of RFC 8949 as an attestation needs. */
export function cbor(value: unknown): Buffer {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  const entries = value instanceof Map ? [...value] : Object.entries(value as object);
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(cbor)]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 255]);
}
