import { checkCalled } from "./core/called.js";
import { misconfigured } from "./core/errors.js";
import type { Proof, ProofFactory } from "./express/proof.js";
import { sessionProof } from "./express/session-proof.js";
import type { Method, MethodContext, MethodFactory } from "./methods/method.js";
import type { TwoFactorOptions } from "./options.js";

export function buildMethods(factories: readonly MethodFactory[], context: MethodContext): Method[] {
  if (!Array.isArray(factories) || factories.length === 0) {
    throw misconfigured(
      "twoFactor({ methods }) needs at least one, strongest first: [totp({ secret }), sms(provider)].",
    );
  }
  const names = factories.map((factory: Partial<MethodFactory>) => {
    if (typeof factory?.create === "function") return factory.method;
    throw misconfigured(
      "twoFactor({ methods }) takes what totp(), sms(), voice() and email() return: did you forget the call?",
    );
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice)
    throw misconfigured(
      `twoFactor({ methods }): ${twice}() is there twice. Give one several providers instead: ${twice}([first, second]).`,
    );
  return factories.map((factory) => factory.create(context));
}

export function buildProofs(options: TwoFactorOptions, make: (factory: ProofFactory) => Proof): Proof[] {
  const given = options.proof ?? sessionProof();
  const factories = typeof given === "function" ? [given] : given;
  if (!Array.isArray(factories) || factories.length === 0 || factories.some((each) => typeof each !== "function")) {
    throw misconfigured("twoFactor({ proof }) takes sessionProof(), jwtProof({ ... }) or a list of them.");
  }
  for (const each of factories) checkCalled(each, "twoFactor({ proof })");
  const proofs = factories.map(make);
  if (!options.user && proofs.some((proof) => proof.kind === "session")) {
    throw misconfigured(
      "twoFactor({ user }) is missing: (req) => req.session.userId, or wherever your login keeps it.",
    );
  }
  return proofs;
}
