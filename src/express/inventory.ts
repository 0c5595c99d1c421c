/** A route of an app, and the guard in front of it. */
export interface AuditedRoute {
  /** `"GET"`; `"ALL"` for `app.all()`. */
  readonly method: string;
  /** As far as the router tells it: Express 5 keeps no text of the path a sub-router was mounted on, then it is `"/*"`. */
  readonly path: string;
  readonly guarded: boolean;
  /** The policies of its guards, outermost first. */
  readonly policies: readonly unknown[];
}

/** What the guards of an app have under this key, wherever they stand. Apps that are mounted in others do not show theirs. */
export function* guardsOf(owner: unknown, key: symbol): Generator {
  for (const { handle, route } of stackOf(owner)) {
    const found = policyOf(handle, key);
    if (found === undefined) yield* guardsOf(route ?? handle, key);
    else yield found;
  }
}

interface Layer {
  readonly handle?: unknown;
  readonly route?: Route;
  readonly path?: string;
  readonly regexp?: RegExp & { fast_slash?: boolean };
  readonly slash?: boolean;
}

interface Route {
  readonly path: string | readonly string[];
  readonly stack: readonly (Layer & { readonly method?: string })[];
}

/** Walks the layers of an app's router, sub-routers included, and collects the guards that lie on the way to each route. */
export function inventory(app: object, guardKey: symbol): AuditedRoute[] {
  return [...walk(stackOf(app), "", [], guardKey)];
}

function* walk(stack: readonly Layer[], base: string, above: readonly unknown[], key: symbol): Generator<AuditedRoute> {
  const here = [...above];
  for (const layer of stack) {
    const policy = policyOf(layer.handle, key);
    if (policy !== undefined && !layer.route) {
      // A guard on a path of its own stands before routes under that path only.
      if (mountOf(layer) === "") here.push(policy);
    } else if (layer.route) {
      yield* routes(layer.route, base, here, key);
    } else {
      const below = stackOf(layer.handle);
      if (below.length > 0) yield* walk(below, base + mountOf(layer), here, key);
    }
  }
}

/** More methods than anybody writes one by one. */
const MANY = 20;

function* routes(route: Route, base: string, above: readonly unknown[], key: symbol): Generator<AuditedRoute> {
  const paths = typeof route.path === "string" ? [route.path] : route.path;
  const named = [...new Set(route.stack.map((layer) => layer.method?.toUpperCase() ?? "ALL"))];
  // `app.all()` writes down every method that Node knows.
  const methods = named.length > MANY ? ["ALL"] : named;
  for (const method of methods) {
    const own = route.stack
      .filter((layer) => method === "ALL" || layer.method === undefined || layer.method.toUpperCase() === method)
      .map((layer) => policyOf(layer.handle, key))
      .filter((policy) => policy !== undefined);
    const policies = [...above, ...own];
    const distinct = [...new Set(policies)];
    for (const path of paths)
      yield { method, path: base + String(path), guarded: policies.length > 0, policies: distinct };
  }
}

function policyOf(handle: unknown, key: symbol): unknown {
  return typeof handle === "function" ? (handle as unknown as Record<symbol, unknown>)[key] : undefined;
}

/** Express 4 keeps its router in `_router`, Express 5 in `router`; a router is its own. */
function stackOf(owner: unknown): readonly Layer[] {
  if (typeof owner !== "function" && (typeof owner !== "object" || owner === null)) return [];
  const { stack, _router } = owner as { stack?: unknown; _router?: { stack?: unknown } };
  // Express 4 throws at whoever reads `router`.
  const found = stack ?? (_router ?? (owner as { router?: { stack?: unknown } }).router)?.stack;
  return Array.isArray(found) ? (found as Layer[]) : [];
}

function mountOf({ slash, regexp }: Layer): string {
  if (slash || regexp?.fast_slash) return "";
  const plain = regexp && /^\^((?:\\\/[\w.~-]+)+)\\\/\?\(\?=/.exec(regexp.source);
  return plain?.[1] === undefined ? "/*" : plain[1].replaceAll("\\/", "/");
}
