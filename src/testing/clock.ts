/** A clock that stands still until it is told to go on. */
export interface FakeClock {
  (): number;
  /** Moves by so many milliseconds, backwards too. */
  tick(ms: number): void;
}

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return Object.assign(() => now, {
    tick(ms: number) {
      now += ms;
    },
  });
}
