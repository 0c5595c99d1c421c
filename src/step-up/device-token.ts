import { type Keyring, mac, sameText } from "../core/crypto.js";

/** What a browser carries: which device it is, and which of its tokens this is. */
export interface DeviceToken {
  readonly id: string;
  readonly generation: number;
}

const SHAPE = /^([\w-]{43})\.(\d{1,9})\.([\w-]{43})$/;

/** Worked out anew whenever it is needed: the store holds nothing that could be presented. */
export function writeToken(keys: Keyring, user: string, { id, generation }: DeviceToken): string {
  return `${id}.${generation}.${tag(keys.current.token, user, id, String(generation))}`;
}

/** Nothing for a token that we have not made for this user. */
export function readToken(keys: Keyring, user: string, token: string): DeviceToken | undefined {
  const [, id, generation, given] = SHAPE.exec(token) ?? [];
  if (id === undefined || generation === undefined || given === undefined) return undefined;
  const ours = keys.all.some((set) => sameText(tag(set.token, user, id, generation), given));
  return ours ? { id, generation: Number(generation) } : undefined;
}

function tag(key: Keyring["current"]["token"], user: string, id: string, generation: string): string {
  return mac(key, ["device", user, id, generation]).toString("base64url");
}
