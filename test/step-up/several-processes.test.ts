import { generateSync } from "otplib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outbox, recoveryCodes, sms, totp, twoFactor, type TwoFactor } from "../../src/index.js";
import type { MethodName } from "../../src/methods/method.js";
import { TOTP_SECRET } from "../helpers/app.js";
import { PLENTY, wrongCodes } from "../helpers/arena.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";
import { EVERY_STORE, type StoreMaking } from "../helpers/every-store.js";

const MINUTE = 60_000;

/** Two instances that share a store and nothing else. */
interface Pair {
  readonly apps: readonly TwoFactor[];
  readonly clock: FakeClock;
  readonly box: ReturnType<typeof outbox>;
  readonly compares: () => number;
}

describe.each(Object.entries(EVERY_STORE))("two processes on %s", (_name, { isHere, begin }) => {
  let making: StoreMaking;
  beforeAll(async () => void (isHere && (making = await begin())), 60_000);
  afterAll(() => making?.end());

  async function pair(perAccount = 10): Promise<Pair> {
    const clock = fakeClock();
    const box = outbox();
    let compares = 0;
    const apps = (await making.make(clock, 2)).map((store) =>
      twoFactor({
        secret: "a secret of the tests that is long enough",
        user: () => undefined,
        contact: () => ({ phone: "+46707123456" }),
        methods: [totp({ secret: () => TOTP_SECRET }), sms(box), recoveryCodes()],
        factors: true,
        limits: { ...PLENTY, failures: { perAccount } },
        store,
        clock,
        events: { "code.compared": () => void (compares += 1) },
      }),
    );
    return { apps, clock, box, compares: () => compares };
  }

  let logins = 0;
  const at = ({ apps }: Pair, index: number): TwoFactor => apps[index % apps.length] as TwoFactor;
  const login = () => ({ user: "ada", session: `login ${(logins += 1)}` });

  it.runIf(isHere)("C03 lock after ten failures by any method at either, for 15, 30 and 60 minutes", async () => {
    const here = await pair();
    await at(here, 0).factors.newRecoveryCodes("ada");
    const guesses: [MethodName, string[]][] = [
      ["sms", wrongCodes("000000", 5)],
      ["totp", wrongCodes("000000", 4)],
      ["recovery-code", ["AAAA-AAAA-AAAA-AAAA-AAAA"]],
    ];
    let before = 0;
    for (const minutes of [15, 30, 60]) {
      const owner = login();
      await at(here, 0).challenges.start({ ...owner, method: "sms" });
      const right = here.box.messages[0]?.text.slice(0, 6) ?? "";
      for (const [index, [method, codes]] of guesses.entries()) {
        const by = login();
        await at(here, index).challenges.start({ ...by, method });
        for (const code of codes) await at(here, index + 1).challenges.verify({ ...by, code });
      }
      expect(here.compares() - before).toBe(10);
      before += 10;
      const locked = { ok: false, reason: "account_locked", retryAfter: minutes * 60 };
      for (const app of here.apps) {
        expect(await app.challenges.verify({ ...owner, code: right })).toEqual(locked);
        expect(await app.challenges.start(login())).toEqual(locked);
      }
      expect(here.compares()).toBe(before);
      here.clock.tick(minutes * MINUTE);
    }
    const by = login();
    await at(here, 0).challenges.start({ ...by, method: "totp" });
    const code = generateSync({ secret: TOTP_SECRET, epoch: here.clock() / 1_000 });
    expect(await at(here, 1).challenges.verify({ ...by, code })).toMatchObject({ ok: true });
    expect(await at(here, 0).challenges.start(login())).toMatchObject({ ok: true });
  });

  it.runIf(isHere)("D04 take a recovery code once, and bring none back", async () => {
    const here = await pair(100);
    const codes = await at(here, 0).factors.newRecoveryCodes("ada");
    const answered = async (code: string, index: number) => {
      const by = login();
      await at(here, index).challenges.start({ ...by, method: "recovery-code" });
      return at(here, index + 1).challenges.verify({ ...by, code });
    };
    const many = await Promise.all(Array.from({ length: 6 }, (_, index) => answered(codes[0] ?? "", index)));
    expect(many.filter(({ ok }) => ok)).toHaveLength(1);
    const both = codes.slice(1, 3);
    const answers = await Promise.all(both.map((code, index) => answered(code, index)));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true]);
    for (const [index, code] of both.entries()) expect((await answered(code, index)).ok).toBe(false);
    expect(await at(here, 1).factors.recoveryCodesLeft("ada")).toBe(7);
  });
});
