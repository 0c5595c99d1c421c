import { type Duration, milliseconds } from "../../src/core/durations.js";

export const right: Duration[] = ["30s", "5m", "1h", "30d", "250ms", "1.5h", 0];

// @ts-expect-error a number without its unit: seconds or milliseconds?
export const bare: Duration = 300;

// @ts-expect-error nor in quotes
export const quoted: Duration = "300";

// @ts-expect-error no such unit
export const week: Duration = "1w";

// @ts-expect-error words
export const words: Duration = "five minutes";

// @ts-expect-error a string from anywhere has to be parsed first
export const anywhere = (text: string): number => milliseconds(text, "maxAge");

export const ms: number = milliseconds("5m", "maxAge");
