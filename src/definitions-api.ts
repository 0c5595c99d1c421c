import type { Clock } from "./core/clock.js";
import { defined } from "./core/defined.js";
import { milliseconds } from "./core/durations.js";
import type { Bucket } from "./verification/bucket.js";
import type { LimitValue } from "./verification/named-limits.js";
import type { Defined, Definition, DefinitionPage, Registry } from "./verification/registry.js";
import { parseWorkflow, type Step, type WorkflowStep } from "./verification/workflow.js";

interface Named {
  account?: string;
  name: string;
  description?: string;
  /** Yours; kept with the definition. Plain JSON of at most 4000 characters. */
  metadata?: Metadata;
  /** Made by the caller where it must look a certain way. */
  id?: string;
}

type Metadata = Readonly<Record<string, unknown>>;

interface Which {
  account?: string;
  id: string;
}

/** Definitions at run time; a name is taken once in an account, and nobody sees another account's. */
export interface DefinitionsApi<Stored, Given> {
  create(definition: Named & Given): Promise<Defined<Stored>>;
  update(change: Which & Partial<Given> & { description?: string; metadata?: Metadata }): Promise<Defined<Stored>>;
  /** Answers with what was removed. */
  remove(which: Which): Promise<Defined<Stored>>;
  get(which: Which): Promise<Definition<Stored> | undefined>;
  /** In the order they were made; 50 at a time by default. */
  search(page?: { account?: string; offset?: number; limit?: number }): Promise<DefinitionPage<Stored>>;
}

export type LimitsApi = DefinitionsApi<LimitValue, { buckets: readonly Bucket[] }>;
export type WorkflowsApi = DefinitionsApi<readonly Step[], { steps: readonly WorkflowStep[] }>;

export function limitsApi(registry: Registry<LimitValue>, clock: Clock): LimitsApi {
  return api(registry, clock, ({ buckets }: { buckets?: readonly Bucket[] }) => {
    return (
      buckets && {
        buckets: buckets.map(({ max, interval }) => ({ max, interval: milliseconds(interval, "interval") })),
      }
    );
  });
}

export function workflowsApi(registry: Registry<readonly Step[]>, clock: Clock): WorkflowsApi {
  return api(
    registry,
    clock,
    ({ steps }: { steps?: readonly WorkflowStep[] }) => steps && parseWorkflow(steps, "steps"),
  );
}

function api<Stored, Given extends object>(
  registry: Registry<Stored>,
  clock: Clock,
  read: (given: Partial<Given>) => Stored | undefined,
): DefinitionsApi<Stored, Given> {
  return {
    create: ({ account, name, description, metadata, id, ...given }) => {
      const value = read(given as unknown as Partial<Given>) as Stored;
      return registry.create({ name, value, ...defined({ account, description, metadata, id }) }, clock());
    },
    update: ({ account, id, description, metadata, ...given }) => {
      const value = read(given as unknown as Partial<Given>);
      return registry.update({ id, ...defined({ account }) }, defined({ value, description, metadata }));
    },
    remove: (which) => registry.remove(which),
    get: (which) => registry.get(which),
    search: (page) => registry.search(page),
  };
}
