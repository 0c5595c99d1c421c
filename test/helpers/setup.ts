import { configureGlobal } from "fast-check";

/** The same random values every time: a suite that runs twice says the same twice. Another seed is another search. */
configureGlobal({ seed: Number(process.env["FUZZ_SEED"] ?? 20261120) });
