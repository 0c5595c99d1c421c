import type { Request } from "express";

/** Express 5 has no `req.param()`: this compiles only if the types of Express 4 were really found. */
export const only4 = (req: Request): unknown => req.param("id");
