import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { recoveryCodes } from "require2fa";
import { instance } from "../instance.js";
import type { Part } from "../part.js";
import { percentile } from "../timing.js";

const A_SECOND = 20;
const SECONDS = 3;
/** In turn: who answers often at the same time is locked out, right or wrong. */
const PEOPLE = 12;

export const recovery: Part = {
  peers: [],
  cases: {
    /** Twenty people a second, whether the ones before are done or not. */
    async verify() {
      const tfa = instance({ methods: [recoveryCodes()], factors: true });
      const codes: (readonly string[])[] = [];
      for (let index = 0; index < PEOPLE; index += 1) codes.push(await tfa.factors.newRecoveryCodes(`user-${index}`));
      const answers = Array.from({ length: A_SECOND * SECONDS }, (_, index) => {
        const person = index % PEOPLE;
        return { user: `user-${person}`, code: codes[person]?.[Math.floor(index / PEOPLE)] ?? "" };
      });
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      const begin = performance.now();
      const times = await Promise.all(
        answers.map(async ({ user, code }, index) => {
          await pause((index * 1_000) / A_SECOND - (performance.now() - begin));
          const at = performance.now();
          const owner = { user, session: `session-${index}` };
          const started = await tfa.challenges.start(owner);
          const verified = await tfa.challenges.verify({ ...owner, code });
          if (!started.ok || !verified.ok) throw new Error(JSON.stringify({ started, verified }));
          return performance.now() - at;
        }),
      );
      delay.disable();
      return { answer: percentile(times, 0.99), delay: delay.percentile(99) / 1e6 };
    },
  },
  rows: [
    {
      what: "recovery code at 20 a second, p99",
      beside: "E06",
      value: (m) => m("verify", "answer"),
      unit: "ms",
      target: { most: 300 },
    },
    {
      what: "event loop held meanwhile, p99",
      beside: "E06",
      value: (m) => m("verify", "delay"),
      unit: "ms",
      target: { most: 20 },
    },
  ],
};
