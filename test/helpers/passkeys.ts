import { outbox, type PasskeyCreation, type PasskeyRequest, passkey, sms, totp } from "../../src/index.js";
import type { TwoFactorOptions } from "../../src/index.js";
import { type Fixture, fixture, ORIGIN } from "./app.js";
import { SoftPasskey } from "./authenticator.js";

export type Agent = Awaited<ReturnType<Fixture["login"]>>;

export interface Challenge {
  readonly id: string;
  readonly publicKey: PasskeyRequest;
}

/** The fixture, where people have passkeys. Tom has nothing else. */
export function passkeyShop(options: Partial<TwoFactorOptions> = {}, session: Parameters<typeof fixture>[1] = {}) {
  const box = outbox();
  const shop = fixture({ methods: [passkey(), totp(), sms(box)], factors: true, ...options }, session);
  shop.guard("/vault");

  /** Begins an enrolment, and says what the browser is to make. */
  const enroll = async (agent: Agent): Promise<{ id: string; publicKey: PasskeyCreation }> =>
    (await agent.post("/2fa/factors/enroll").send({ method: "passkey" }).expect(201)).body;

  /** A passkey of somebody who has nothing yet, or whose login has just proved something. */
  const addPasskey = async (agent: Agent, key = new SoftPasskey(ORIGIN)) => {
    const { id, publicKey } = await enroll(agent);
    const code = key.create(publicKey);
    const { body } = await agent.post("/2fa/factors/confirm").send({ enrollment: id, code }).expect(201);
    return { key, factor: body.id as string };
  };

  /** Somebody with a passkey, and a login that has proved nothing. */
  const owner = async (user = "tom", key = new SoftPasskey(ORIGIN)) => {
    const [asker, { factors }] = [{ user, session: "settings" }, shop.tfa];
    const begun = await factors.enroll({ ...asker, method: "passkey" });
    if (!begun.ok || !begun.enrollment.publicKey) throw new Error("Not begun.");
    const { id, publicKey } = begun.enrollment;
    const confirmed = await factors.confirm({ ...asker, enrollment: id, code: key.create(publicKey) });
    if (!confirmed.ok) throw new Error(confirmed.reason);
    return { agent: await shop.login(user), key, factor: confirmed.factor.id };
  };

  /** The challenge of a guarded route. */
  const asked = async (agent: Agent, path = "/vault"): Promise<Challenge> =>
    (await agent.get(path).expect(401)).body.challenge;

  return { ...shop, box, enroll, addPasskey, owner, asked };
}
