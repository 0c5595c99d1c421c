import { describe, expect, it } from "vitest";
import type { PublicChallenge } from "../../src/express/wire.js";
import { fixture } from "../helpers/app.js";

const owner = { user: "ada", session: "session" };

describe("C08: a challenge that is sent again", () => {
  it("says when the next message may be asked for, and keeps the promise every time", async () => {
    const { tfa, clock, box } = fixture();
    const answers: number[] = [];
    const take = (challenge: PublicChallenge | undefined): void => {
      answers.push((Date.parse(challenge?.resendAt ?? "") - clock()) / 1_000);
    };
    const started = await tfa.challenges.start(owner);
    take(started.ok ? started.challenge : undefined);
    for (const wait of [30, 60]) {
      clock.tick(wait * 1_000 - 1);
      expect(await tfa.challenges.resend(owner)).toEqual({ ok: false, reason: "limit_exceeded", retryAfter: 1 });
      clock.tick(1);
      const sent = await tfa.challenges.resend(owner);
      expect(sent.ok).toBe(true);
      take(sent.ok ? sent.challenge : undefined);
    }
    expect(box.messages).toHaveLength(3);
    expect(answers).toEqual([30, 60, 120]);
  });

  it("carries the same code, and gives no attempt back", async () => {
    const { tfa, clock, code, wrong } = fixture();
    await tfa.challenges.start(owner);
    const first = code();
    expect(await tfa.challenges.verify({ ...owner, code: wrong() })).toMatchObject({
      reason: "wrong_code",
      attemptsLeft: 4,
    });
    clock.tick(30_000);
    const again = await tfa.challenges.resend(owner);
    expect(code()).toBe(first);
    expect(again).toMatchObject({ ok: true, challenge: { attemptsLeft: 4 } });
    expect(await tfa.challenges.verify({ ...owner, code: first })).toMatchObject({ ok: true });
  });

  it("is waited for no longer than its own life", async () => {
    const { tfa, clock } = fixture();
    await tfa.challenges.start(owner);
    clock.tick(5 * 60_000);
    expect(await tfa.challenges.resend(owner)).toEqual({ ok: false, reason: "challenge_expired" });
  });
});
