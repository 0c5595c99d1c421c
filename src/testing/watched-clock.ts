import { type FakeClock, fakeClock } from "./clock.js";
import { failed } from "./expect-challenge.js";

/** The clock of a kit, which notices when it is moved and the app has never looked at it. */
export interface WatchedClock {
  readonly clock: FakeClock;
  /** The app has answered: whoever goes by this clock has looked at it by now. */
  asked(): void;
}

export function watchedClock(): WatchedClock {
  const inner = fakeClock();
  let seen = false;
  let moved = false;
  let answered = false;
  const check = (): void => {
    if (moved && answered && !seen) throw anotherClock();
  };
  const clock = Object.assign(
    () => {
      seen = true;
      return inner();
    },
    {
      tick(ms: number) {
        inner.tick(ms);
        moved ||= ms !== 0;
        check();
      },
    },
  );
  return {
    clock,
    asked() {
      answered = true;
      check();
    },
  };
}

export function anotherClock(): Error {
  return failed(
    "The app goes by another clock: write twoFactor({ clock }) with the clock of the kit.",
    "another clock",
  );
}
