import { randomBytes, scrypt, scryptSync, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { field } from "./fields.js";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly email: string;
  /** Base32, as an authenticator app takes it. */
  readonly totpSecret?: string;
  readonly vault: readonly string[];
}

interface Password {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const KEY_BYTES = 32;

const USERS: readonly User[] = [
  {
    id: "ada",
    name: "Ada Lovelace",
    phone: "+46707123456",
    email: "ada@example.com",
    vault: ["Note G, with the first program", "A deck of 100 punched cards", "A letter to Mr. Babbage"],
  },
  {
    id: "grace",
    name: "Grace Hopper",
    phone: "+447979080215",
    email: "grace@example.com",
    totpSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    vault: ["A moth, taped into a logbook", "A nanosecond: 30 centimetres of wire", "The A-0 compiler, on tape"],
  },
];

/** Passwords of a demonstration: real ones are never in the source. */
const PASSWORDS: ReadonlyMap<string, Password> = new Map([
  ["ada", hashed("lovelace")],
  ["grace", hashed("hopper")],
]);

/** What a name that nobody has is compared with, so that it takes as long as one that somebody has. */
const NOBODY = hashed(randomBytes(16).toString("hex"));

function hashed(password: string): Password {
  const salt = randomBytes(16);
  return { salt, hash: scryptSync(password, salt, KEY_BYTES) };
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

export function findUser(id: string | undefined): User | undefined {
  return USERS.find((user) => user.id === id);
}

/** The first factor: the user whose password is in the body of a login. */
export async function checkPassword(body: unknown): Promise<User | undefined> {
  const user = findUser(field(body, "username").trim().toLowerCase());
  const { salt, hash } = (user && PASSWORDS.get(user.id)) ?? NOBODY;
  const same = timingSafeEqual(await derive(field(body, "password"), salt, KEY_BYTES), hash);
  return same ? user : undefined;
}
