import { randomBytes } from "node:crypto";
import type { Provider } from "require2fa";
import { carriersBy } from "./carriers.js";

/** What the environment decides. */
export interface Settings {
  readonly secrets: { readonly session: string; readonly token: string; readonly twoFactor: string };
  /** The public origin, as in `https://bank.example`: it ends every text message, and only it may post codes. */
  readonly origin: string | undefined;
  /** Where passkeys are for: the same, or this computer while one tries it out; nowhere if nobody says. */
  readonly passkeysAt: string | undefined;
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  /** Who carries text messages; nobody by default. */
  readonly carriers: readonly Provider[];
  readonly production: boolean;
}

/** Reads the environment; what has to be said about it goes to `tell`. */
export function readSettings(env: NodeJS.ProcessEnv, tell: (note: string) => void): Settings {
  const invented: string[] = [];
  const secret = (name: string): string => {
    const given = env[name];
    if (given !== undefined && given !== "") return given;
    invented.push(name);
    return randomBytes(32).toString("base64url");
  };

  const production = env["NODE_ENV"] === "production";
  const origin = env["ORIGIN"] || undefined;
  const settings: Settings = {
    secrets: {
      session: secret("SESSION_SECRET"),
      token: secret("JWT_SECRET"),
      twoFactor: secret("TWO_FACTOR_SECRET"),
    },
    origin,
    passkeysAt: [origin ?? (production ? "" : `http://localhost:${env["PORT"] ?? 3000}`)].find(canHavePasskeys),
    smtp: env["SMTP_URL"]
      ? { url: env["SMTP_URL"], from: env["SMTP_FROM"] ?? "Fjord Bank <no-reply@fjord.example>" }
      : undefined,
    carriers: carriersBy(env),
    production,
  };
  if (invented.length > 0) {
    tell(`${invented.join(", ")}: not set, so random until the next start, when everybody is logged out.`);
  }
  return settings;
}

/** Browsers know passkeys at `https:` and on this computer, and never at a bare IP address. */
function canHavePasskeys(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return hostname === "localhost" || (protocol === "https:" && !/^[\d.]+$|^\[/.test(hostname));
}
