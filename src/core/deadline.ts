export type Awaitable<T> = T | Promise<T>;

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** What comes of a value: at once where it is there, and without a turn of the queue. */
export function whenThere<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** All of them, as `Promise.all()` has them; at once where all are there. */
export function allThere<T extends readonly unknown[]>(
  values: T,
): Awaitable<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  if (values.some(isPromise)) return Promise.all(values);
  return values as { -readonly [K in keyof T]: Awaited<T[K]> };
}

/**
 * Waits for `value` no longer than `ms`, then fails with what `late` makes.
 * A value that is already there costs no timer.
 */
export function within<T>(value: Promise<T>, ms: number, late: () => Error): Promise<T>;
export function within<T>(value: Awaitable<T>, ms: number, late: () => Error): Awaitable<T>;
export function within<T>(value: Awaitable<T>, ms: number, late: () => Error): Awaitable<T> {
  return isPromise(value) ? timed(value, ms, late) : value;
}

function timed<T>(value: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    value.then(
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
