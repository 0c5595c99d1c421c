import { field } from "./fields.js";

/** A transfer as somebody asks for it. */
export interface Order {
  readonly cents: number;
  readonly payee: string;
}

export interface Transfer extends Order {
  readonly id: number;
  readonly at: Date;
}

/** Its message is for the person who ordered. */
export class OrderError extends Error {}

const OPENING_BALANCE = 184_315_20;
const AMOUNT = /^(\d{1,9})(?:[.,](\d{1,2}))?$/;
const PAYEE = /^[^\p{C}]{1,100}$/u;

/**
 * Reads an order out of the body of a request, be it JSON or a form.
 *
 * @throws OrderError
 */
export function readOrder(body: unknown): Order {
  const [, whole, fraction = ""] = AMOUNT.exec(field(body, "amount").trim()) ?? [];
  const cents = whole === undefined ? 0 : Number(whole) * 100 + Number(fraction.padEnd(2, "0"));
  if (cents === 0) throw new OrderError("The amount has to be a number above zero, such as 10.00.");
  const payee = field(body, "payee").trim();
  if (!PAYEE.test(payee)) throw new OrderError("The payee has to be a name of 1 to 100 characters.");
  return { cents, payee };
}

/** `1250.00`, as it is typed. */
export function plain(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** `€1,250.00`, as it is read. */
export function money(cents: number): string {
  return (cents / 100).toLocaleString("en-IE", { style: "currency", currency: "EUR" });
}

/** The books, in memory: a restart opens every account anew. */
export class Ledger {
  readonly #transfers = new Map<string, readonly Transfer[]>();
  readonly #clock: () => number;
  #count = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Newest first. */
  transfersOf(userId: string): readonly Transfer[] {
    return this.#transfers.get(userId) ?? [];
  }

  balanceOf(userId: string): number {
    return this.transfersOf(userId).reduce((balance, { cents }) => balance - cents, OPENING_BALANCE);
  }

  /** @throws OrderError when there is not enough money. */
  check(userId: string, { cents }: Order): void {
    if (cents > this.balanceOf(userId)) throw new OrderError("There is not enough money in the account.");
  }

  /** @throws OrderError when there is not enough money. */
  transfer(userId: string, order: Order): Transfer {
    this.check(userId, order);
    const transfer = { ...order, id: (this.#count += 1), at: new Date(this.#clock()) };
    this.#transfers.set(userId, [transfer, ...this.transfersOf(userId)]);
    return transfer;
  }
}
