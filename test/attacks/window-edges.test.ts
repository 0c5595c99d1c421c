/**
 * The attacker knows that limits are counted by the minute or the hour, and sends at the seam: as much as is allowed just
 * before the clock turns, and as much again just after.
 */
import { describe, expect, it } from "vitest";
import { fixture } from "../helpers/app.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe("C15: five messages a minute", () => {
  it("are five at 59.9 and none at 60.1, through every door", async () => {
    const bucket = [{ max: 5, interval: "60s" }] as const;
    const { tfa, clock, box, contacts } = fixture({
      limits: { sends: { perUser: [{ max: 1_000, interval: "1d" }], perDestination: bucket } },
    });
    contacts["ada"] = { phone: "+46707123456" };
    const guard = async (session: string) => (await tfa.challenges.start({ user: "ada", session })).ok;
    const service = async () => (await tfa.verifications.start({ to: "+46707123456", supersede: "keep" })).ok;
    clock.tick(MINUTE - (clock() % MINUTE) - 100);
    const before = [await guard("a"), await service(), await guard("b"), await service(), await guard("c")];
    expect(before).toEqual([true, true, true, true, true]);
    clock.tick(200);
    expect([await guard("d"), await service()]).toEqual([false, false]);
    clock.tick(MINUTE - 200 - 1);
    expect([await guard("d"), await service()]).toEqual([false, false]);
    clock.tick(1);
    const after = [await guard("d"), await service(), await guard("e"), await service(), await guard("f")];
    expect(after).toEqual([true, true, true, true, true]);
    expect([await guard("g"), await service()]).toEqual([false, false]);
    expect(box.messages).toHaveLength(10);
  });
});
