/**
 * What one process has measured, by name: `cpu` and `wall` are nanoseconds of one operation, whatever else there is says
 * its unit in its name.
 */
export type Sample = Readonly<Record<string, number>>;

/** Runs in a process of its own, once in every round. */
export type Case = () => Sample | Promise<Sample>;

/** The median that a case has of one of its numbers, `cpu` where none is named. */
export type Figures = (name: string, figure?: string) => number;

/** One line of the table: a number made of medians, and what it should be. */
export interface Row {
  readonly what: string;
  readonly beside: string;
  readonly value: (median: Figures) => number;
  /** Written after the number. @default "x" */
  readonly unit?: string;
  /** Without a target the line is there to compare. */
  readonly target?: { readonly most: number } | { readonly least: number };
}

/** Servers and the like that every process of a part finds in its environment. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  end(): Promise<void>;
}

export interface Part {
  readonly cases: Readonly<Record<string, Case>>;
  readonly rows: readonly Row[];
  /** Packages whose versions belong to the results. */
  readonly peers: readonly string[];
  /** How often each case runs, where the answer is the same every time. */
  readonly rounds?: number;
  /** Set up once for all processes; nothing where the machine lacks what is needed: then the part is left out. */
  readonly around?: () => Promise<Surroundings | undefined>;
}

/** Marginal cost: what the case takes beyond the empty loop beside it. */
export function beyond(median: Figures, name: string, floor: string, figure?: string): number {
  return median(name, figure) - median(floor, figure);
}
