/**
 * The attacker has an account of their own and wants it to weigh on everybody: every challenge carries every factor. They
 * begin to set up factors in many logins while there is room, and finish all of them.
 */
import { generateSync } from "otplib";
import { expect, it } from "vitest";
import { totp, twoFactor } from "../../src/index.js";

const LOGINS = 45;

it("C14 nobody gets more factors than there may be, however many were begun", async () => {
  const tfa = twoFactor({
    secret: "a secret of these tests, 32 bytes and more",
    user: () => undefined,
    contact: () => ({}),
    methods: [totp()],
    factors: true,
    // an answer counts as a failure until it was right, and these come together
    limits: { failures: { perAccount: 100 } },
  });
  const owner = (login: number) => ({ user: "eve", session: `login ${login}` });
  const begun = await Promise.all(
    Array.from({ length: LOGINS }, (_, login) => tfa.factors.enroll({ ...owner(login), method: "totp" })),
  );
  const confirmed = await Promise.all(
    begun.map((each, login) => {
      const secret = each.ok ? each.enrollment.secret : undefined;
      return tfa.factors.confirm({ ...owner(login), code: generateSync({ secret: secret ?? "" }) });
    }),
  );
  const left = await tfa.factors.list("eve");
  expect(left).toHaveLength(40);
  expect(confirmed.filter(({ ok }) => ok)).toHaveLength(40);
  expect(await tfa.factors.enroll({ ...owner(LOGINS), method: "totp" })).toMatchObject({ reason: "invalid_request" });
  await tfa.close();
});
