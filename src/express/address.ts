import type { Request } from "express";

/** Apps whose owner has been told. */
const told = new WeakSet<object>();

/**
 * Where a request comes from, as Express sees it. When a proxy tells and Express does not listen, everybody seems to come
 * from the proxy: whoever runs the app hears of it, once.
 */
export function addressOf(req: Request): string | undefined {
  const isForwarded = req.headers["x-forwarded-for"] !== undefined && req.ip === req.socket.remoteAddress;
  if (isForwarded && !told.has(req.app) && req.app.get("trust proxy") === false) {
    told.add(req.app);
    process.emitWarning(
      'A request has the header X-Forwarded-For, and Express\'s "trust proxy" is off. If there is a proxy, everybody seems to have its address, and wrong codes of one person shut out all: app.set("trust proxy", 1) for one proxy.',
      { code: "REQUIRE2FA_TRUST_PROXY" },
    );
  }
  return req.ip;
}
